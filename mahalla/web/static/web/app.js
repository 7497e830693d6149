// Small conveniences; every page works without them.
const say = (name) => document.body.dataset[`say${name}`] || '';
const on = (type, selector, act) => document.addEventListener(type, (event) => {
  const found = event.target instanceof Element && event.target.closest(selector);
  if (found) act(found, event);
});
const busyForms = new WeakSet();
document.documentElement.classList.add('js');

export function toast(text) {
  const box = document.querySelector('[data-toasts]'), note = document.createElement('div');
  if (!box || !text) return;
  note.className = 'toast'; note.textContent = text; box.append(note);
  setTimeout(() => note.remove(), 5000);
}

// Time that runs: the server's text stands until the first tick, and remains where scripts do not run.
const two = (n) => String(n).padStart(2, '0');
export function spell(seconds, long) {
  const s = Math.max(0, Math.floor(seconds)), h = Math.floor(s / 3600), d = Math.floor(h / 24);
  if (d > 1) return new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(d);
  return h || long ? `${two(h)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${two(Math.floor(s / 60))}:${two(s % 60)}`;
}
class Ticking extends HTMLElement {
  connectedCallback() { this.setAttribute('role', 'timer'); this.tick(); this.run = setInterval(() => this.tick(), 1000); }
  disconnectedCallback() { clearInterval(this.run); }
}
customElements.define('x-countdown', class extends Ticking {
  tick() {
    const left = (Date.parse(this.getAttribute('to')) - Date.now()) / 1000;
    if (Number.isNaN(left)) return clearInterval(this.run);
    this.textContent = spell(left);
    this.classList.toggle('late', left < 60);
    if (left > 0) return;
    clearInterval(this.run);
    this.dispatchEvent(new CustomEvent('ended', { bubbles: true }));
    if (this.hasAttribute('reload')) setTimeout(() => location.reload(), 2500);
  }
});
customElements.define('x-elapsed', class extends Ticking {
  tick() {
    const from = this.getAttribute('from'), before = Number(this.getAttribute('add') || 0);
    this.textContent = spell(before + (from ? (Date.now() - Date.parse(from)) / 1000 : 0), true);
    if (!from) clearInterval(this.run);
  }
});

// A form is sent once: its button turns, a second press does nothing, and coming back makes it ready again.
document.addEventListener('submit', (event) => {
  const form = event.target, button = event.submitter;
  if (event.defaultPrevented || (button?.formMethod || form.method) !== 'post' || form.hasAttribute('data-again')) return;
  if (busyForms.has(form)) event.preventDefault();
  else busy(form, button);
});
document.addEventListener('htmx:beforeRequest', (event) => {
  const form = event.target, asked = event.detail.requestConfig;
  if (form instanceof HTMLFormElement && asked.verb !== 'get' && !form.hasAttribute('data-again')) busy(form, asked.triggeringEvent?.submitter);
});
document.addEventListener('htmx:confirm', (event) => { if (busyForms.has(event.target)) event.preventDefault(); }); // before htmx would queue it
function busy(form, button) {
  busyForms.add(form);
  button?.setAttribute('aria-busy', 'true');
}
function ready(form) {
  busyForms.delete(form);
  document.querySelectorAll('button[aria-busy="true"]').forEach((button) => { if (button.form === form) button.removeAttribute('aria-busy'); });
}
addEventListener('pageshow', () => [...document.forms].forEach(ready));
document.addEventListener('htmx:afterRequest', (event) => { if (event.target instanceof HTMLFormElement) ready(event.target); });
document.addEventListener('htmx:sendError', () => toast(say('Failed')));
const refusal = (text) => new DOMParser().parseFromString(text, 'text/html').querySelector('.toast[data-code]')?.textContent;
document.addEventListener('htmx:responseError', (event) => toast(refusal(event.detail.xhr.responseText) || say('Failed')));

// Fields
on('click', '[data-step]', (button) => {
  const input = button.parentElement.querySelector('input');
  Number(button.dataset.step) > 0 ? input.stepUp() : input.stepDown();
  input.dispatchEvent(new Event('change', { bubbles: true }));
});
on('change', '[data-auto]', (form) => form.requestSubmit());
on('change', '[data-previews] input[type=file]', (input) => {
  const shown = input.closest('[data-previews]').querySelector('.photos');
  shown.querySelectorAll('img').forEach((img) => URL.revokeObjectURL(img.src));
  shown.replaceChildren(...[...input.files].map((file) => {
    const figure = document.createElement('figure'), img = document.createElement('img');
    if (file.type.startsWith('image/')) { img.src = URL.createObjectURL(file); img.alt = file.name; figure.append(img); }
    else { const name = document.createElement('figcaption'); name.textContent = file.name; figure.append(name); }
    return figure;
  }));
  shown.hidden = !input.files.length;
});
on('click', '[data-locate]', (button) => {
  const [lat, lng] = button.dataset.locate.split(',').map((id) => document.querySelector(id));
  button.setAttribute('aria-busy', 'true');
  const done = () => button.removeAttribute('aria-busy');
  if (!navigator.geolocation) { done(); toast(say('Noplace')); if (button.dataset.thenSubmit !== undefined) button.form.requestSubmit(); return; }
  navigator.geolocation.getCurrentPosition((found) => {
    done();
    lat.value = found.coords.latitude.toFixed(6); lng.value = found.coords.longitude.toFixed(6);
    const accuracy = button.dataset.accuracy && document.querySelector(button.dataset.accuracy);
    if (accuracy) accuracy.value = Math.round(found.coords.accuracy);
    lat.dispatchEvent(new Event('change', { bubbles: true }));
    if (button.dataset.thenSubmit !== undefined) button.form.requestSubmit();
  }, () => { done(); toast(say('Noplace')); if (button.dataset.thenSubmit !== undefined) button.form.requestSubmit(); }, { enableHighAccuracy: true, timeout: 12000, maximumAge: 15000 });
});

// Voice: a note is recorded into a file field of the form; dictation writes into a text field where the browser can.
let recorder;
on('click', '[data-record]', async (button) => {
  if (recorder) return recorder.stop();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const kind = ['audio/webm', 'audio/mp4', 'audio/ogg'].find((type) => MediaRecorder.isTypeSupported(type)), pieces = [];
    recorder = new MediaRecorder(stream, kind ? { mimeType: kind } : {});
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      const type = (recorder.mimeType || 'audio/webm').split(';')[0], basket = new DataTransfer();
      basket.items.add(new File(pieces, `voice.${type.split('/')[1]}`, { type }));
      recorder = undefined; button.classList.remove('recording'); button.setAttribute('aria-label', button.dataset.label);
      let input = button.form.elements[button.dataset.record];
      if (!input) { input = Object.assign(document.createElement('input'), { type: 'file', name: button.dataset.record, hidden: true }); button.form.append(input); }
      input.files = basket.files;
      button.form.requestSubmit();
    };
    button.dataset.label = button.getAttribute('aria-label'); button.setAttribute('aria-label', say('Stop'));
    button.classList.add('recording');
    recorder.start();
    setTimeout(() => recorder?.stop(), 120000);
  } catch { recorder = undefined; toast(say('Nomic')); }
});
const Speech = window.SpeechRecognition || window.webkitSpeechRecognition;
if (!Speech) document.documentElement.classList.add('no-speech');
on('click', '[data-dictate]', (button) => {
  const field = document.getElementById(button.dataset.dictate), listen = new Speech();
  listen.lang = document.documentElement.lang === 'ar' ? 'ar-SA' : document.documentElement.lang;
  button.classList.add('recording');
  listen.onresult = (event) => { field.value = `${field.value} ${event.results[0][0].transcript}`.trim(); field.dispatchEvent(new Event('input', { bubbles: true })); };
  listen.onerror = () => toast(say('Nomic'));
  listen.onend = () => button.classList.remove('recording');
  listen.start();
});

// A voice note plays with our own button; the browser's player stays where scripts do not run.
const drawing = (name) => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${document.body.dataset.icons}#${name}`); svg.setAttribute('class', 'icon'); svg.setAttribute('aria-hidden', 'true'); svg.append(use);
  return svg;
};
customElements.define('x-voice', class extends HTMLElement {
  connectedCallback() {
    const audio = this.querySelector('audio');
    if (!audio || this.button) return;
    this.button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn--icon' });
    const bar = Object.assign(document.createElement('progress'), { max: 1, value: 0 }), time = document.createElement('small');
    bar.setAttribute('aria-hidden', 'true');
    const show = () => {
      this.button.replaceChildren(drawing(audio.paused ? 'play' : 'pause'));
      this.button.setAttribute('aria-label', say(audio.paused ? 'Play' : 'Pause'));
      const length = Number.isFinite(audio.duration) ? audio.duration : Number(this.getAttribute('seconds') || 0);
      bar.value = length ? Math.min(1, audio.currentTime / length) : 0;
      time.textContent = spell(audio.currentTime || length);
    };
    this.button.onclick = () => {
      document.querySelectorAll('audio').forEach((other) => { if (other !== audio) other.pause(); });
      audio.paused ? audio.play().catch(() => toast(say('Failed'))) : audio.pause();
    };
    ['play', 'pause', 'timeupdate', 'ended', 'loadedmetadata'].forEach((type) => audio.addEventListener(type, show));
    audio.controls = false; audio.hidden = true; this.className = 'voice'; this.append(this.button, bar, time); show();
  }
});

// Sharing, dialogs, menus, repeated rows
on('click', '[data-add]', (button) => {
  const template = document.querySelector(button.dataset.add), into = document.querySelector(button.dataset.into) || button.previousElementSibling;
  into.append(template.content.cloneNode(true));
  into.lastElementChild.querySelector('input,select')?.focus();
});
on('click', '[data-remove]', (button) => button.closest(button.dataset.remove).remove());
on('click', '[data-copy]', async (button) => { await navigator.clipboard.writeText(button.dataset.copy); toast(say('Copied')); });
on('click', '[data-share]', async (button) => {
  const url = new URL(button.dataset.share || location.href, location.href).href;
  if (navigator.share) await navigator.share({ url, title: document.title }).catch(() => {});
  else { await navigator.clipboard.writeText(url); toast(say('Copied')); }
});
on('click', '[data-print]', () => window.print());
on('click', '[data-dialog]', (button, event) => {
  const dialog = document.querySelector(button.dataset.dialog);
  if (dialog?.showModal) { event.preventDefault(); dialog.showModal(); }
});
on('click', 'dialog [data-close]', (button, event) => { event.preventDefault(); button.closest('dialog').close(); });
on('click', 'dialog', (dialog, event) => {
  const box = dialog.getBoundingClientRect();
  if (event.target === dialog && event.clientX && (event.clientY < box.top || event.clientY > box.bottom || event.clientX < box.left || event.clientX > box.right)) dialog.close();
});
document.addEventListener('click', (event) => document.querySelectorAll('[data-menu][open]').forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') document.querySelectorAll('[data-menu][open]').forEach((menu) => { menu.open = false; menu.querySelector('summary').focus(); }); });

// The network, the installed application, live parts and maps
const offline = document.querySelector('[data-offline]');
const network = () => { if (offline) { offline.hidden = navigator.onLine; offline.textContent = navigator.onLine ? '' : say('Offline'); } };
addEventListener('online', network); addEventListener('offline', network); network();
let installer;
addEventListener('beforeinstallprompt', (event) => { event.preventDefault(); installer = event; document.querySelectorAll('[data-install]').forEach((button) => { button.hidden = false; }); });
on('click', '[data-install]', (button) => { button.hidden = true; installer?.prompt().catch(() => {}); installer = undefined; });
if ('serviceWorker' in navigator && document.body.dataset.worker) navigator.serviceWorker.register(document.body.dataset.worker).catch(() => {});
const furnish = () => {
  if (document.querySelector('[data-live]')) import(document.body.dataset.liveSrc);
  if (document.querySelector('[data-map]:not([data-drawn])')) import(document.body.dataset.mapSrc).then((map) => map.furnish(document));
  document.querySelectorAll('[data-latest]:not([data-seen])').forEach((talk) => { talk.dataset.seen = '1'; talk.lastElementChild?.scrollIntoView({ block: 'nearest' }); });
};
document.addEventListener('htmx:afterSettle', furnish);
furnish();
