// The way to a task: while this page is open and says "on the way", the phone's place is sent every 15 seconds.
// Nothing is sent before, after, or in the background; the server refuses it too, and then we stop.
const EVERY = 15000;
let watch, last, sender;

const notice = () => document.querySelector('[data-way]');
const say = (what) => { const line = notice()?.querySelector('[data-way-says]'); if (line) line.textContent = line.dataset[what] || ''; };

function stop() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  clearInterval(sender);
  watch = sender = last = undefined;
}

async function send() {
  const block = notice();
  if (!block) return stop();
  if (!last || document.hidden) return;
  const token = document.querySelector('[name=csrfmiddlewaretoken]')?.value;
  const { latitude, longitude, accuracy } = last.coords;
  const body = new URLSearchParams({ lat: latitude.toFixed(6), lng: longitude.toFixed(6), accuracy_m: Math.round(accuracy) });
  try {
    const answer = await fetch(block.dataset.way, { method: 'POST', headers: { 'X-CSRFToken': token }, body, credentials: 'same-origin' });
    if (answer.status === 409) stop();
    else if (answer.ok) say('sent');
  } catch { /* no connection: the next one tries again */ }
}

function start() {
  if (!notice()) return stop();
  if (watch !== undefined || !navigator.geolocation) return;
  watch = navigator.geolocation.watchPosition((found) => { const first = !last; last = found; if (first) send(); }, () => { say('refused'); stop(); }, { enableHighAccuracy: true, maximumAge: 10000 });
  sender = setInterval(send, EVERY);
}

document.addEventListener('htmx:afterSettle', start);
addEventListener('pagehide', stop);
start();
