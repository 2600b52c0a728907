/**
 * The script of the report page: the slider moves a ring over the plots and fills in what its factor reaches.
 *
 * Its data are the JSON of `#points`: texts of every point, and its place in every plot by the plot's `data-plot`.
 */
export const chooserScript = `
const { points, start } = JSON.parse(document.getElementById('points').textContent);
const slider = document.getElementById('factor');
const rows = document.querySelectorAll('[data-row]');
function choose(index) {
  const point = points[index];
  slider.value = index;
  slider.setAttribute('aria-valuetext', point.texts.factor);
  for (const [name, text] of Object.entries(point.texts)) {
    for (const element of document.querySelectorAll('[data-reading="' + name + '"]')) element.textContent = text;
  }
  for (const marker of document.querySelectorAll('.marker')) {
    const place = point.places[marker.dataset.plot];
    marker.setAttribute('visibility', place ? 'visible' : 'hidden');
    if (place) { marker.setAttribute('cx', place[0]); marker.setAttribute('cy', place[1]); }
  }
  rows.forEach((row, i) => row.classList.toggle('chosen', i === index));
}
slider.addEventListener('input', () => choose(Number(slider.value)));
rows.forEach((row, i) => row.addEventListener('click', () => choose(i)));
document.documentElement.classList.add('scripted');
choose(start);
`;
