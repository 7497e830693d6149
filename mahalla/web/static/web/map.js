// A tile map in place of our drawing. Leaflet is fetched only here, only where a tile server is configured.
const once = new Map();
const load = (tag, attributes) => {
  const key = attributes.src || attributes.href;
  if (!once.has(key)) once.set(key, new Promise((done, fail) => {
    document.head.append(Object.assign(document.createElement(tag), attributes, { onload: done, onerror: fail }));
  }));
  return once.get(key);
};

async function draw(block) {
  block.dataset.drawn = '1';
  const base = block.dataset.leaflet, points = JSON.parse(block.dataset.points);
  if (!points.length) return; // an empty map stays as it is
  await Promise.all([load('link', { rel: 'stylesheet', href: `${base}leaflet.css` }), load('script', { src: `${base}leaflet.js` })]);
  const canvas = Object.assign(document.createElement('div'), { className: 'tiles' }), drawing = block.querySelector('svg');
  drawing.before(canvas);
  const map = L.map(canvas, { scrollWheelZoom: false, attributionControl: false });
  L.control.attribution({ position: 'topright', prefix: false }).addTo(map);
  const tiles = L.tileLayer(block.dataset.tiles, { maxZoom: 19, attribution: block.dataset.attribution || '© OpenStreetMap' }).addTo(map);
  // our drawing stays until the first tile is there, and for good when the tile server gives none
  let arrived = false;
  tiles.once('tileload', () => { arrived = true; drawing.toggleAttribute('hidden', true); });
  tiles.on('tileerror', () => { if (!arrived && canvas.isConnected) { map.remove(); canvas.remove(); } });
  const ink = getComputedStyle(block).getPropertyValue('--ink').trim(), accent = getComputedStyle(block).getPropertyValue('--accent').trim();
  const marks = points.map((point) => {
    const mark = L.circleMarker([point.lat, point.lng], { radius: 10, weight: 3, color: '#fff', fillOpacity: 1, fillColor: point.kind === 'worker' ? accent : ink }).addTo(map);
    if (point.label) mark.bindTooltip(document.createTextNode(point.label).textContent.replace(/[<&]/g, ' '), { permanent: points.length < 4, direction: 'top', offset: [0, -8] });
    return mark;
  });
  const bounds = L.featureGroup(marks).getBounds().pad(0.3);
  points.length > 1 ? map.fitBounds(bounds, { maxZoom: 16 }) : map.setView([points[0].lat, points[0].lng], 15);
  canvas.addEventListener('click', (event) => {
    if (!block.dataset.pick) return;
    const at = map.mouseEventToLatLng(event), [lat, lng] = block.dataset.pick.split(',').map((id) => document.querySelector(id));
    lat.value = at.lat.toFixed(6); lng.value = at.lng.toFixed(6); marks[0].setLatLng(at);
  });
}

export const furnish = (root) => root.querySelectorAll('[data-map]:not([data-drawn])').forEach((block) => draw(block).catch(() => {}));
