// The console's pages stand in another frame than the public ones: tell the shared scripts what their body would say.
const said = document.getElementById('k-shell').dataset;
for (const name of ['stream', 'liveSrc', 'mapSrc', 'sayFailed', 'sayCopied', 'sayOffline']) document.body.dataset[name] = said[name] || '';
document.body.setAttribute('hx-headers', JSON.stringify({ 'X-CSRFToken': said.token }));
document.body.append(Object.assign(document.createElement('div'), { className: 'k-toasts' }));
document.querySelector('.k-toasts').setAttribute('data-toasts', '');
document.querySelector('.k-toasts').setAttribute('role', 'status');
if (window.htmx) Object.assign(htmx.config, { allowEval: false, selfRequestsOnly: true, includeIndicatorStyles: false });
import(said.app);

// Keys for the night shift: j and k walk through the rows, Enter opens one, / goes to the filter.
const rows = () => [...document.querySelectorAll('[data-row] a[data-open]')];
const writing = (at) => at.closest('input,textarea,select,[contenteditable]');
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === '/') { const field = document.querySelector('.k-filters input[type=search]'); if (field) { event.preventDefault(); field.focus(); } return; }
  if (key !== 'j' && key !== 'k') return;
  const all = rows(), at = all.indexOf(document.activeElement), next = all[Math.max(0, Math.min(all.length - 1, at + (key === 'j' ? 1 : -1)))];
  if (next) { event.preventDefault(); next.focus(); }
});
