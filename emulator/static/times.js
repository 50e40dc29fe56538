// Writes times as people in Shanghai read them: there is no summer time, it is always UTC+8.

const WEEKDAYS = ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"];

function move(seconds) {
  return new Date((seconds + 8 * 3600) * 1000);
}

function countDays(seconds) {
  return Math.floor((seconds + 8 * 3600) / 86400);
}

// 2026-11-20T15:01:02
function write(seconds) {
  return move(seconds).toISOString().slice(0, 19);
}

export const writeClock = (seconds) => write(seconds).slice(11, 19);
export const writeMinute = (seconds) => write(seconds).slice(5, 16).replace("T", " ");

// As the chat does it: 15:01 · 昨天 15:01 · 星期五 15:01 · 11月20日 15:01
export function writeStamp(at, now) {
  const clock = write(at).slice(11, 16);
  const ago = countDays(now) - countDays(at);
  if (ago === 0) return clock;
  if (ago === 1) return `昨天 ${clock}`;
  const moment = move(at);
  if (ago > 1 && ago < 7) return `${WEEKDAYS[moment.getUTCDay()]} ${clock}`;
  return `${moment.getUTCMonth() + 1}月${moment.getUTCDate()}日 ${clock}`;
}
