// Talks to the emulator: posts what the person does, waits for what changed.

export async function post(path, body = {}) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(answer.error || `HTTP ${response.status}`);
  return answer;
}

// The emulator answered, but said no: unlike a broken connection, trying again is no use.
export class Refusal extends Error {}

const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

// Calls `show(view)` at once and after every change, `tellOffline(bool)` when the line breaks.
export async function follow(show, tellOffline) {
  let revision = "";
  for (;;) {
    try {
      const response = await fetch(`/phone/view?since=${encodeURIComponent(revision)}`);
      if (response.status === 409) return location.reload();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const view = await response.json();
      tellOffline(false);
      show(view); // also when nothing changed: the clock on the panel goes on
      revision = view.revision;
      await pause(60); // a burst of changes is shown in one go
    } catch (error) {
      if (error instanceof TypeError || /HTTP/.test(error.message)) tellOffline(true);
      else console.error(error);
      await pause(1500);
    }
  }
}
