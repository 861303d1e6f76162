// Keeps an open page current: hears updates, fetches the page again and swaps its live parts in place.

const WAIT = 350;
const LONGEST_WAIT = 2000;
const parts = () => document.querySelectorAll("[data-live]");

function show(state, word) {
  const shown = document.getElementById("live-state");
  if (!shown || shown.dataset.state === state) return;
  shown.dataset.state = state;
  document.getElementById("live-word").textContent = word;
}

function swap(old, fresh) {
  const open = [...old.querySelectorAll("details[open][id]")].map((each) => each.id);
  const ticked = [...old.querySelectorAll("input[type=checkbox]:checked[id]")].map((each) => each.id);
  const typing = old.querySelector("input:not([type=checkbox]):focus, select:focus, textarea:focus");
  if (typing) return; // never under somebody's hands
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const way = focused && !focused.id && path(focused, old);
  old.hidden = fresh.hidden;
  old.className = fresh.className;
  if (fresh.dataset.refresh) old.dataset.refresh = fresh.dataset.refresh;
  else delete old.dataset.refresh;
  old.replaceChildren(...fresh.childNodes);
  for (const id of ticked) document.getElementById(id)?.click();
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (way) way.reduce((at, index) => at?.children[index], old)?.focus({ preventScroll: true });
  else if (focused) document.getElementById(focused.id)?.focus({ preventScroll: true });
}

function path(element, root) {
  const way = [];
  for (let at = element; at !== root; at = at.parentElement) way.unshift([...at.parentElement.children].indexOf(at));
  return way;
}

let waiting = null;
let firstAsked = 0;
let fetching = false;
let again = false;

function refreshSoon() {
  const now = Date.now();
  if (!waiting) firstAsked = now;
  clearTimeout(waiting);
  waiting = setTimeout(refresh, Math.min(WAIT, Math.max(0, firstAsked + LONGEST_WAIT - now)));
}

async function refresh() {
  waiting = null;
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live-Refresh": "1" }, cache: "no-store" });
    if (answer.status === 401) {
      location.assign("/sign-in");
      return;
    }
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of parts()) {
      const other = fresh.querySelector(`[data-live="${CSS.escape(old.dataset.live)}"]`);
      if (other) swap(old, other);
    }
  } catch {
    show("waiting", "Reconnecting");
  } finally {
    fetching = false;
    keepLooking();
    if (again) {
      again = false;
      refreshSoon();
    }
  }
}

let looking = null;

// What ends without a word to tell it, such as a record that is held, is looked for while something runs.
function keepLooking() {
  clearTimeout(looking);
  const soonest = document.querySelector("[data-refresh]");
  if (soonest && !document.hidden) looking = setTimeout(refreshSoon, soonest.dataset.refresh * 1000);
}

let source = null;

function listen() {
  if (source || document.hidden) return;
  source = new EventSource("/live");
  source.onopen = () => {
    show("live", "Live");
    refreshSoon(); // what happened between the page and this moment was told to nobody
  };
  source.onmessage = refreshSoon;
  source.onerror = () => {
    show("waiting", "Reconnecting");
    if (source.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(listen, 5000);
    }
  };
}

function rest() {
  source?.close();
  source = null;
}

if (parts().length && document.getElementById("live-state")) {
  listen();
  keepLooking();
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
} else if (document.getElementById("live-state")) {
  document.getElementById("live-state").hidden = true;
}

document.getElementById("theme-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const theme = event.submitter.value;
  document.cookie = `ledgerport_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
  document.documentElement.dataset.theme = theme;
  document.querySelector(`.to-${theme === "dark" ? "light" : "dark"}`)?.focus();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }
});

// On a phone the places lie side by side: the one that is shown is brought into view.
document.querySelector(".sidebar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
