// Draws every <canvas data-chart="id"> from the JSON block with that id. Amounts arrive as whole micros.
(() => {
  const MICROS = 1e6;
  const charts = new Map();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });
  const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 });

  const written = (value, unit, format) =>
    unit === "usd" ? `$${format.format(value)}` : unit === "credits" ? `${format.format(value)} credits` : format.format(value);

  const dataset = (series, index, data) => {
    const colour = css(`--chart-${(index % 6) + 1}`);
    const line = data.kind === "line";
    return {
      label: series.name,
      data: series.values.map((value) => (data.unit === "count" ? value : value / MICROS)),
      backgroundColor: line ? `${colour}22` : colour,
      borderColor: colour,
      borderWidth: line ? 2 : 0,
      borderRadius: 3,
      maxBarThickness: 36,
      fill: line && data.series.length === 1,
      tension: 0.25,
      pointRadius: 0,
      pointHoverRadius: 4,
    };
  };

  const options = (data) => ({
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    plugins: {
      legend: {
        display: data.series.length > 1,
        position: "bottom",
        align: "start",
        labels: { color: css("--chart-text"), boxWidth: 10, boxHeight: 10, useBorderRadius: true, borderRadius: 2 },
      },
      tooltip: { callbacks: { label: (item) => ` ${item.dataset.label}: ${written(item.parsed.y, data.unit, plain)}` } },
    },
    scales: {
      x: {
        stacked: Boolean(data.stacked),
        grid: { display: false },
        border: { color: css("--chart-grid") },
        ticks: { color: css("--chart-text"), maxRotation: 0, autoSkipPadding: 16 },
      },
      y: {
        stacked: Boolean(data.stacked),
        beginAtZero: true,
        border: { display: false },
        grid: { color: css("--chart-grid") },
        ticks: {
          color: css("--chart-text"),
          maxTicksLimit: 5,
          callback: (value) => (data.unit === "usd" ? `$${short.format(value)}` : short.format(value)),
        },
      },
    },
  });

  const draw = (canvas) => {
    const block = document.getElementById(canvas.dataset.chart);
    if (!block) return;
    const data = JSON.parse(block.textContent);
    charts.get(canvas)?.destroy();
    charts.set(
      canvas,
      new Chart(canvas, {
        type: data.kind,
        data: { labels: data.labels, datasets: data.series.map((series, index) => dataset(series, index, data)) },
        options: options(data),
      }),
    );
  };

  const drawAll = () => {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 11;
    for (const canvas of charts.keys()) {
      if (!canvas.isConnected) {
        charts.get(canvas).destroy();
        charts.delete(canvas);
      }
    }
    document.querySelectorAll("canvas[data-chart]").forEach(draw);
  };

  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", () => {
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) if (!charts.has(canvas)) draw(canvas);
  });
  document.addEventListener("farebox:theme", drawAll);
})();
