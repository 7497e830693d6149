// The way to a task: while this page is open and says "on the way", the phone's place is sent every 15 seconds,
// and sooner when it moved, so that the client's map is never further behind than that.
// Nothing is sent before, after, or in the background; the server refuses it too, and then we stop.
const EVERY = 15000, SOONEST = 5000;
let watch, last, sender, soon, sentAt = 0;

const notice = () => document.querySelector('[data-way]');
const say = (what) => { const line = notice()?.querySelector('[data-way-says]'); if (line) line.textContent = line.dataset[what] || ''; };

function stop() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  clearInterval(sender);
  clearTimeout(soon);
  watch = sender = last = soon = undefined;
}

async function send() {
  clearTimeout(soon);
  soon = undefined;
  const block = notice();
  if (!block) return stop();
  if (!last || document.hidden) return;
  sentAt = performance.now();
  const token = document.querySelector('[name=csrfmiddlewaretoken]')?.value;
  const { latitude, longitude, accuracy } = last.coords;
  const body = new URLSearchParams({ lat: latitude.toFixed(6), lng: longitude.toFixed(6), accuracy_m: Math.round(accuracy) });
  try {
    const answer = await fetch(block.dataset.way, { method: 'POST', headers: { 'X-CSRFToken': token }, body, credentials: 'same-origin' });
    if (answer.status === 409) stop();
    else if (answer.ok) say('sent');
  } catch { /* no connection: the next one tries again */ }
}

function moved(found) {
  last = found;
  soon ??= setTimeout(send, sentAt ? Math.max(0, sentAt + SOONEST - performance.now()) : 0);
}

// A tunnel or a cold start passes; only a no is an end.
function lost(why) {
  if (why.code === why.PERMISSION_DENIED) { say('refused'); stop(); }
}

function start() {
  if (!notice()) return stop();
  if (watch !== undefined || !navigator.geolocation) return;
  watch = navigator.geolocation.watchPosition(moved, lost, { enableHighAccuracy: true, maximumAge: 10000 });
  sender = setInterval(send, EVERY);
}

document.addEventListener('htmx:afterSettle', start);
addEventListener('pagehide', stop);
start();
