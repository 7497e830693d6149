// Live parts of a page. An element with data-live="topic topic" is fetched again when one of its topics is heard.
// One stream for the page; lost, it returns by itself and everything is refreshed; without any, we ask every 15 seconds.
const POLL = 15000, FIRST_WAIT = 1000, LONGEST_WAIT = 30000, TRIES = 3;
const parts = () => [...document.querySelectorAll('[data-live]')];
const topicsOf = (part) => part.dataset.live.split(/\s+/).filter(Boolean);
const due = new Map();
let source, subscribed = '', wait = FIRST_WAIT, failures = 0, poll, again, lastId = '';

const typing = (part) => {
  const at = document.activeElement;
  return part !== at && part.contains(at) && at.matches('input:not([type=radio],[type=checkbox]),textarea,select');
};

function fetchPart(part) {
  if (!part.isConnected || document.hidden) return;
  if (typing(part)) { document.activeElement.addEventListener('blur', () => refresh(part), { once: true }); return; }
  if (part.dataset.liveUrl && window.htmx) {
    htmx.ajax('GET', part.dataset.liveUrl, { target: part, swap: part.dataset.liveSwap || 'outerHTML', source: part });
  } else if (window.htmx) {
    htmx.trigger(part, 'live');
  }
}

function refresh(part) {
  clearTimeout(due.get(part));
  due.set(part, setTimeout(() => { due.delete(part); fetchPart(part); }, 120));
}

const refreshAll = () => parts().forEach(refresh);

function heard(event) {
  if (event.lastEventId) lastId = event.lastEventId;
  let topics = null;
  try {
    const said = JSON.parse(event.data);
    topics = said.topics || (said.topic ? [said.topic] : null);
  } catch { /* a message that names nothing concerns everybody */ }
  parts().filter((part) => !topics || topicsOf(part).some((topic) => topics.includes(topic))).forEach(refresh);
  document.dispatchEvent(new CustomEvent('live', { detail: topics }));
}

function startPolling() { poll ??= setInterval(refreshAll, POLL); }
function stopPolling() { clearInterval(poll); poll = undefined; }

function connect() {
  clearTimeout(again);
  const topics = [...new Set(parts().flatMap(topicsOf))].sort().join(',');
  const base = document.body.dataset.stream;
  if (!topics) { source?.close(); source = undefined; subscribed = ''; return stopPolling(); }
  if (source && subscribed === topics && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  subscribed = topics;
  if (!base || !window.EventSource) return startPolling();
  const from = lastId ? `&last_event_id=${encodeURIComponent(lastId)}` : '';
  const mine = source = new EventSource(`${base}/stream?topics=${encodeURIComponent(topics)}${from}`, { withCredentials: true });
  mine.onopen = () => {
    if (failures) refreshAll();
    failures = 0; wait = FIRST_WAIT;
    stopPolling();
  };
  mine.onmessage = heard;
  mine.addEventListener('reset', refreshAll);
  mine.onerror = () => {
    if (mine !== source) return;
    failures += 1;
    mine.close();
    if (failures >= TRIES) startPolling();
    again = setTimeout(connect, wait + Math.random() * 500);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) { connect(); refreshAll(); } });
document.addEventListener('htmx:afterSettle', connect);
window.addEventListener('online', () => { wait = FIRST_WAIT; connect(); refreshAll(); });
window.addEventListener('pagehide', () => source?.close());
window.addEventListener('pageshow', (event) => { if (event.persisted) { connect(); refreshAll(); } });
connect();
