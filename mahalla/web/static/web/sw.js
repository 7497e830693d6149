// Pages come from the network, and the offline page stands in when there is none; our own files come from the cache.
// Pages with people's data are never kept. OFFLINE and KEPT are written before this by the server.
const STORE = `kept-${KEPT.join().split('').reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7)}`;
self.addEventListener('install', (event) => event.waitUntil(
  caches.open(STORE).then((store) => store.addAll(KEPT.map((url) => new Request(url, { cache: 'reload' })))).then(() => self.skipWaiting()),
));
self.addEventListener('activate', (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((name) => name !== STORE).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
));
self.addEventListener('fetch', (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (KEPT.includes(url.pathname)) {
    event.respondWith(fetch(request).then((fresh) => {
      if (fresh.ok) { const copy = fresh.clone(); caches.open(STORE).then((store) => store.put(request, copy)); }
      return fresh;
    }).catch(() => caches.match(request)));
  }
});
self.addEventListener('push', (event) => {
  let said = {};
  try { said = event.data.json(); } catch { return; }
  event.waitUntil(self.registration.showNotification(said.title || '', { body: said.body || '', data: { link: said.link || '/' }, icon: '/brand/icon-192.png', tag: said.tag }));
});
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.link));
});
