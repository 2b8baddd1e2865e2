// Keeps an open page true: when the ledger changes, or time passes, the parts that differ are
// exchanged one by one. Nobody's scrolling, focus or typing is lost. Without it the pages work too.
const QUIET_MS = 150; // several changes in a row are one
const REST_MS = 1000; // between two looks
const TURN_MS = 30_000; // a page that nothing tells looks by itself: "nobody heard" is news as well
const SOON_MS = 1500;
const by = (id) => document.getElementById(id);
const parts = (root) => [...root.querySelectorAll("[data-part]")];

// --- what the server said, without what time alone changes

function plain(part) {
  const copy = part.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  return copy.outerHTML;
}

let served = new Map(parts(document).map((part) => [part.id, plain(part)]));
let asOf = new Date();

// --- commands with a button

function furnish(root) {
  for (const holder of root.querySelectorAll(".cmd")) {
    if (holder.querySelector("button") || !navigator.clipboard) continue;
    const button = document.createElement("button");
    const words = holder.querySelector("code").textContent;
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${words}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(words);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    holder.append(button);
  }
}

// --- exchange

function nameOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  const row = element.closest("[id]");
  const within = row ? `#${CSS.escape(row.id)} ` : "";
  if (href) return `${within}a[href="${CSS.escape(href)}"]`;
  return element.matches("summary") ? `${within}summary` : `${within}${element.localName}`;
}

function typing(part) {
  const active = document.activeElement;
  return part.contains(active) && active.matches("input, select, textarea");
}

function exchange(part, fresh) {
  const active = document.activeElement;
  const focus = part.contains(active) ? nameOf(active) : "";
  const open = [...part.querySelectorAll("details[open]")].map((each) => each.id);
  const before = new Map([...part.querySelectorAll("[id]")].map((each) => [each.id, plain(each)]));
  const incoming = document.adoptNode(fresh);
  for (const id of open) incoming.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  for (const each of incoming.querySelectorAll("tr[id], li[id]")) {
    if (before.get(each.id) !== plain(each)) each.classList.add("fresh");
  }
  furnish(incoming);
  part.replaceWith(incoming);
  if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
}

function landmark() {
  const seen = [...document.querySelectorAll("main [id]")].find((each) => {
    const box = each.getBoundingClientRect();
    return box.top >= 0 && box.top < innerHeight && box.height > 0;
  });
  return seen ? [seen.id, seen.getBoundingClientRect().top] : null;
}

function differs(fresh) {
  const here = parts(document).map((part) => part.id).join();
  return here !== parts(fresh).map((part) => part.id).join();
}

function show(fresh) {
  const mark = scrollY > 0 ? landmark() : null;
  if (differs(fresh)) { // a section came or went
    const main = by("main");
    if (typing(main)) return;
    const incoming = document.adoptNode(fresh.querySelector("main"));
    served = new Map(parts(incoming).map((part) => [part.id, plain(part)]));
    exchange(main, incoming);
  } else {
    for (const part of parts(fresh)) {
      const said = plain(part);
      if (served.get(part.id) === said || typing(by(part.id))) continue;
      served.set(part.id, said);
      exchange(by(part.id), part);
    }
  }
  if (!mark) return;
  const place = by(mark[0])?.getBoundingClientRect().top;
  if (place !== undefined) scrollBy({ top: place - mark[1], behavior: "instant" });
}

// --- time

const UNITS = [[2 * 86_400, 86_400, "days"], [3_600, 3_600, "h"], [60, 60, "min"], [0, 1, "s"]];

function ago(moment) {
  const seconds = Math.max(0, Math.floor((Date.now() - moment) / 1000));
  const [, size, name] = UNITS.find(([from]) => seconds >= from);
  return `${Math.floor(seconds / size)} ${name} ago`;
}

function tick() {
  for (const time of document.querySelectorAll("time")) {
    if (time.textContent.endsWith(" ago")) time.textContent = ago(Date.parse(time.dateTime));
  }
}

// --- looking

const clock = (date) => `${date.toISOString().slice(11, 19)} UTC`;

function lost(gone) {
  by("lost").hidden = !gone;
  by("lost-at").textContent = clock(asOf);
  by("live").textContent = gone ? "not live" : "live";
}

// Whether peers took what was written is no change of the ledger: while something is amiss, the
// page looks again by itself, soon and then more seldom.
let patience = SOON_MS;
let impatient = 0;
function watch() {
  clearTimeout(impatient);
  if (!by("sentence")?.classList.contains("late")) { patience = SOON_MS; return; }
  impatient = setTimeout(() => { if (!document.hidden) look(); }, patience);
  patience = Math.min(2 * patience, TURN_MS);
}

let looking = false;
let again = false;
async function look() {
  if (looking) { again = true; return; }
  looking = true;
  again = false;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.querySelector("main")) show(fresh);
    asOf = new Date();
    by("as-of").textContent = clock(asOf);
    tick();
    watch();
    lost(false);
  } catch {
    lost(true);
  } finally {
    setTimeout(() => { looking = false; if (again) look(); }, REST_MS);
  }
}

let line = null;
let waiting = 0;
function listen() {
  line?.close();
  line = new EventSource("/events");
  line.onopen = () => lost(false);
  line.onmessage = () => { clearTimeout(waiting); waiting = setTimeout(look, QUIET_MS); };
  line.onerror = () => look();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { line?.close(); line = null; return; } // a browser has few lines to give
  listen();
  look();
});
addEventListener("pagehide", () => line?.close());
setInterval(() => { if (!document.hidden) { tick(); look(); } }, TURN_MS);
furnish(document);
tick();
watch();
if (!document.hidden) listen();
