// Keeps an open page fresh: when the ledger changes, the page's main part is fetched anew.
const main = () => document.querySelector("main");

async function refresh() {
  if (document.activeElement && main().contains(document.activeElement) &&
      document.activeElement.matches("input, select")) return; // somebody is typing
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  main().replaceWith(document.adoptNode(fresh.querySelector("main")));
}

let waiting = 0;
const events = new EventSource("/events");
events.onmessage = () => {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 150);
};
