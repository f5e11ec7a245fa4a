(() => {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  for (const chart of document.querySelectorAll('svg.chart')) {
    const lines = [...chart.querySelectorAll('path[data-at]')].filter((path) => path.dataset.at !== '');
    if (lines.length === 0) continue;
    const read = (path) => ({
      name: path.dataset.name,
      at: path.dataset.at.split(' ').map(Number),
      x: path.dataset.x.split(' '),
      y: path.dataset.y.split(' '),
    });
    let series = null;
    chart.addEventListener('pointermove', (event) => {
      series ??= lines.map(read);
      const box = chart.getBoundingClientRect();
      const across = ((event.clientX - box.left) * chart.viewBox.baseVal.width) / box.width;
      const nearest = (at) => at.reduce((best, place, index) => (Math.abs(place - across) < Math.abs(at[best] - across) ? index : best), 0);
      const found = series.map((each) => [each, nearest(each.at)]);
      const rows = found.map(([each, index]) => (each.name ? each.name + ': ' : '') + each.y[index]);
      tip.textContent = [found[0][0].x[found[0][1]], ...rows].join('\n');
      tip.hidden = false;
      tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 4) + 'px';
      tip.style.top = event.clientY + 14 + 'px';
    });
    chart.addEventListener('pointerleave', () => { tip.hidden = true; });
  }
  document.documentElement.dataset.ready = 'yes';
})();
