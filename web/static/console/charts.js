// Pictures of figures: each reads its data from the page. Without this script the tables remain.
"use strict";

const COLOURS = ["#0a7d57", "#c2571a", "#2f6fde", "#7a4fb5"];

function short(value) {
  if (Math.abs(value) >= 1e8) return `${+(value / 1e8).toFixed(1)} 亿`;
  if (Math.abs(value) >= 1e4) return `${+(value / 1e4).toFixed(1)} 万`;
  return value.toLocaleString("en-US");
}

function draw(place) {
  const data = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  chart.setOption({
    animation: false,
    color: COLOURS,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, itemGap: 12 },
    // Rich text is drawn; an HTML tip would need inline styles, which the policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    xAxis: { type: "category", data: data.days, axisTick: { show: false } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { formatter: short } },
    series: data.series.map((one) => ({
      name: one.name, type: data.kind, data: one.values, symbol: "circle", symbolSize: 4,
      showSymbol: one.values.filter((value) => value !== null).length < 3, lineStyle: { width: 2 },
    })),
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}

if (window.echarts) document.querySelectorAll("[data-chart]").forEach(draw);
