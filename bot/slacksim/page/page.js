// The page is rendered by the server. This script sends what a person does,
// hears of changes, fetches the parts that changed and morphs them into place.
"use strict";

const here = () => {
  const q = new URLSearchParams(location.search);
  const body = document.body.dataset;
  return {
    user: q.get("user") || body.user,
    channel: q.get("channel") || body.channel,
    thread: q.get("thread") || "",
    at: q.get("at") || "",
    before: q.get("before") || "",
    q: q.get("q") || "",
    offset: q.get("offset") || "",
  };
};

const address = (state) => {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value) q.set(key, value);
  return "?" + q;
};

// ---- parts -----------------------------------------------------------------

const parts = ["sidebar", "conversation", "thread", "modal", "org"];
const wanted = new Map(); // part -> timer
const fetched = new Map(); // part -> when it was fetched last
const gap = { org: 500, sidebar: 300, conversation: 150, thread: 150, modal: 0 };

const refresh = (...names) => {
  for (const name of names) {
    if (wanted.has(name)) continue;
    const wait = Math.max(30, (fetched.get(name) || 0) + gap[name] - Date.now());
    wanted.set(name, setTimeout(() => load(name), wait));
  }
};

const load = async (name) => {
  wanted.delete(name);
  fetched.set(name, Date.now());
  const asked = address(here());
  const answer = await fetch("/sandbox/part/" + name + asked, { cache: "no-store" }).catch(() => null);
  if (!answer || !answer.ok || asked !== address(here())) return; // the person went elsewhere
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  for (const next of [...holder.content.children]) {
    const old = document.getElementById(next.id);
    if (old) place(old, next);
  }
  settle();
};

const place = (old, next) => {
  const scrolls = [...old.querySelectorAll(".scroll")].map((el) => ({
    id: el.id,
    bottom: isAtNews(el),
  }));
  const moved = old.dataset.here !== next.dataset.here;
  Idiomorph.morph(old, next, {
    morphStyle: "outerHTML",
    callbacks: {
      beforeNodeMorphed: (from, to) => {
        if (from.nodeType !== 1) return true;
        if (from.hasAttribute("data-keep") && from.id === to.id) return false;
        if (from.id === to.id && (dirty.has(from) || (from === document.activeElement && from.matches("input, textarea, select")))) return false;
        if (from.tagName === "TIME" && from.isEqualNode(to) === false && from.dataset.shown === to.getAttribute("datetime") + to.dataset.format) return false;
        return true;
      },
      beforeAttributeUpdated: (attribute, node) => {
        if (attribute === "open" && (node.tagName === "DIALOG" || node.tagName === "DETAILS")) return false;
        if (attribute === "aria-busy" || attribute === "aria-sort") return false;
        return true;
      },
      beforeNodeRemoved: (node) => {
        if (node.tagName === "DIALOG" && node.open) node.close(); // the focus goes back to where it was
        if (!node.classList || !node.classList.contains("factor") || node.classList.contains("leaving")) return true;
        if (matchMedia("(prefers-reduced-motion: reduce)").matches || !node.checkVisibility()) return true;
        node.classList.add("leaving");
        node.addEventListener("animationend", () => node.remove(), { once: true });
        setTimeout(() => node.remove(), 1200);
        return false;
      },
    },
  });
  for (const id of ["messages", "replies"]) {
    const el = document.getElementById(id);
    if (!el || !el.closest("#" + next.id)) continue;
    if (el.matches(".home")) { if (moved) el.scrollTop = 0; continue; }
    if (moved || scrolls.some((s) => s.id === id && s.bottom)) toNews(el);
  }
};

// isAtNews says whether a list stands at its end, or at the beginning of a last
// message that is higher than its room.
const isAtNews = (el) => {
  if (el.scrollHeight - el.scrollTop - el.clientHeight < 80) return true;
  const last = el.querySelector(".list > :last-child");
  return Boolean(last) && Math.abs(last.getBoundingClientRect().top - el.getBoundingClientRect().top) < 80;
};

// toNews shows the end of a list; of a last message that is higher than its
// room, the beginning, where its title is.
const toNews = (el) => {
  el.scrollTop = el.scrollHeight;
  const last = el.querySelector(".list > :last-child");
  if (last && last.offsetHeight > el.clientHeight) el.scrollTop += last.getBoundingClientRect().top - el.getBoundingClientRect().top;
};

// A list that stands at its end stays there when its room changes, or what is in it
// grows: a phone is turned, its keyboard opens, another part of the page is chosen,
// a chart is drawn.
const ends = new WeakMap(); // list -> whether it stands at its end
const lists = "#messages:not(.home), #replies";
document.addEventListener("scroll", ({ target: el }) => {
  if (el.matches?.(lists) && el.clientHeight) ends.set(el, isAtNews(el));
}, true);
const room = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const el = target.closest(lists);
    if (el?.clientHeight && ends.get(el)) toNews(el);
  }
});

// settle does what HTML alone cannot: open dialogs, times of the reader's zone.
const settle = () => {
  for (const dialog of document.querySelectorAll("#modal dialog")) {
    if (!dialog.open) {
      dialog.showModal();
      const first = dialog.querySelector("[data-focus]") || dialog.querySelector(".blocks :is(input, textarea, select)");
      if (first) first.focus();
    }
  }
  showTables();
  document.querySelectorAll(".picker").forEach(showRoom);
  for (const list of document.querySelectorAll(lists)) {
    room.observe(list);
    for (const inside of list.querySelectorAll(".list")) room.observe(inside);
  }
  for (const time of document.querySelectorAll("time[data-format]")) showTime(time);
  for (const input of document.querySelectorAll("input[data-unix]")) {
    const unix = Number(input.dataset.unix);
    if (unix && !input.value) {
      const at = new Date(unix * 1000);
      input.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    }
  }
  for (const el of document.querySelectorAll("[data-tour]")) el.hidden = sessionStorage.getItem("tour") === "off";
  const state = here();
  for (const el of document.querySelectorAll("[data-pane-to]")) {
    el.setAttribute("aria-pressed", String(el.dataset.paneTo === document.body.dataset.pane));
    if (el.dataset.paneTo === "thread") el.disabled = !state.thread;
  }
};

// The tokens of docs.slack.dev/messaging/formatting-message-text.
const dateStyles = {
  date: { year: "numeric", month: "long", day: "numeric" },
  date_slash: { year: "numeric", month: "2-digit", day: "2-digit" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  date_long_full: { year: "numeric", month: "long", day: "numeric" },
  day_divider: { weekday: "long", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

const ago = (at) => {
  const minutes = Math.round((at - Date.now()) / 60000);
  const [n, unit] = Math.abs(minutes) < 60 ? [minutes, "minute"] : Math.abs(minutes) < 1440 ? [minutes / 60, "hour"] : [minutes / 1440, "day"];
  return new Intl.RelativeTimeFormat().format(Math.round(n), unit);
};

const prettyDay = (at) => {
  const day = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
  const days = Math.round((day(at) - day(new Date())) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
};

const showTime = (el) => {
  const key = el.getAttribute("datetime") + el.dataset.format;
  if (el.dataset.shown === key) return;
  el.dataset.shown = key;
  const at = new Date(el.getAttribute("datetime"));
  el.textContent = el.dataset.format.replace(/\{(\w+)\}/g, (all, token) => {
    if (token === "ago") return ago(at);
    if (token === "date_num") return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
    const pretty = token.endsWith("_pretty");
    const style = dateStyles[token.replace("_pretty", "")];
    if (!style) return all;
    const word = pretty && prettyDay(at);
    return word || new Intl.DateTimeFormat(undefined, style).format(at);
  });
  el.title = at.toLocaleString();
};

// ---- going somewhere ---------------------------------------------------------

const go = (state, pane) => {
  history.pushState(null, "", "/" + address(state));
  if (pane) document.body.dataset.pane = pane;
  for (const name of parts) {
    clearTimeout(wanted.get(name));
    wanted.delete(name);
    fetched.delete(name);
  }
  refresh(...parts);
  openHome();
};

const openHome = () => {
  const { user, channel } = here();
  if (channel === "home") fetch("/sandbox/home?user=" + encodeURIComponent(user)).then(() => refresh("conversation"));
};

addEventListener("popstate", () => refresh(...parts));

// ---- sending what the person does ---------------------------------------------

const post = async (path, body) => {
  const form = body instanceof FormData;
  const answer = await fetch("/sandbox/" + path, {
    method: "POST",
    headers: form ? {} : { "Content-Type": "application/json" },
    body: form ? body : JSON.stringify(body),
  }).catch(() => null);
  const out = answer ? await answer.json().catch(() => ({ ok: false, error: answer.statusText })) : { ok: false, error: "sandbox_stopped" };
  if (!out.ok && out.error && !out.ephemeral?.length) toast(out.error); // Slackbot has said it already
  return out;
};

const troubles = {
  slack_down: "Slack is having trouble: that wasn't sent.",
  dispatch_failed: "That didn't reach factorbot: it isn't connected.",
  operation_timeout: "factorbot didn't answer in time.",
  sandbox_stopped: "That didn't go out: the sandbox has stopped.",
  is_archived: "This channel is archived.",
  message_not_found: "That message is gone.",
  view_not_found: "That form is closed already.",
};

const toast = (words) => {
  const el = document.createElement("p");
  el.textContent = troubles[words] || words.replaceAll("_", " ");
  document.getElementById("toasts").append(el);
  setTimeout(() => el.remove(), 6000);
};

// isDown says whether Slack is down, and tells whoever tries to send something.
const isDown = () => {
  const down = Boolean(document.querySelector(".outage"));
  if (down) toast("slack_down");
  return down;
};

const ask = (json) =>
  new Promise((resolve) => {
    const words = JSON.parse(json);
    const dialog = document.getElementById("confirm");
    document.getElementById("confirm-title").textContent = words.title;
    document.getElementById("confirm-text").innerHTML = words.html; // rendered by the server, like every part
    document.getElementById("confirm-deny").textContent = words.deny;
    const yes = document.getElementById("confirm-yes");
    yes.textContent = words.confirm;
    yes.className = "btn " + words.style;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });

const act = async (el, action, value) => {
  if (el.getAttribute("aria-busy") === "true") return;
  if (isDown()) return revert(el);
  if (el.dataset.confirm && !(await ask(el.dataset.confirm))) return revert(el);
  el.setAttribute("aria-busy", "true");
  const state = here();
  const view = el.closest("[data-view]");
  const message = el.closest("[data-ts]");
  const body = { user: state.user, channel: state.channel, action_id: action, block_id: el.dataset.block, value };
  if (view) {
    body.view_id = view.dataset.view;
    body.values = await valuesOf(view);
  } else if (message) body.message_ts = message.dataset.ts;
  const out = await post("action", body);
  el.removeAttribute("aria-busy");
  el.classList.toggle("failed", !out.ok);
  refresh("modal", "conversation", "thread");
};

const submitView = async (dialog) => {
  if (isDown()) return;
  const button = dialog.querySelector("[type=submit]");
  if (button) button.setAttribute("aria-busy", "true");
  const state = here();
  const out = await post("view", { user: state.user, view_id: dialog.dataset.view, values: await valuesOf(dialog) });
  if (button) button.removeAttribute("aria-busy");
  if (out.ok) for (const el of dialog.querySelectorAll("[data-input]")) dirty.delete(el);
  await load("modal");
  dialog.querySelector(".wrong [data-input]")?.focus();
  dialog.querySelector(".wrong")?.scrollIntoView({ block: "nearest" }); // what is wrong stands below the field
};

const closeView = async (dialog) => {
  await post("close", { user: here().user, view_id: dialog.dataset.view });
  load("modal");
};

const share = async (form, files, sample) => {
  if (isDown()) return;
  const state = here();
  const body = new FormData();
  const text = form.querySelector("textarea");
  body.set("user", state.user);
  body.set("channel", form.dataset.channel);
  body.set("comment", sample && !text.value.trim() ? "Phones replaced, please reset" : text.value.trim());
  if (form.dataset.threadTs) body.set("thread_ts", form.dataset.threadTs);
  if (sample) body.set("sample", "1");
  for (const file of files) body.append("file", file);
  const out = await post("upload", body);
  if (out.ok) empty(form);
};

const empty = (form) => {
  form.querySelector("textarea").value = "";
  form.querySelector("textarea").style.height = "";
  suggest(form); // of an empty field: none
  attached.delete(form.id);
  showAttached(form);
};

const send = async (form) => {
  const text = form.querySelector("textarea");
  const words = text.value.trim();
  const files = attached.get(form.id) || [];
  const state = here();
  if (files.length) return share(form, files, false);
  if (!words || isDown()) return;
  const body = { user: state.user, channel: form.dataset.channel, text: words };
  if (form.dataset.threadTs) body.thread_ts = form.dataset.threadTs;
  if (words.startsWith("/")) {
    if (body.thread_ts) return toast("Slash commands do not work in threads.");
    empty(form);
    await post("command", body);
    return refresh("conversation", "modal");
  }
  suggest(form, true);
  const out = await post("message", body);
  if (out.ok) empty(form);
};

// ---- files waiting in a composer -------------------------------------------

const attached = new Map(); // composer ID -> files

const attach = (form, files) => {
  attached.set(form.id, [...(attached.get(form.id) || []), ...files]);
  showAttached(form);
  form.querySelector("textarea").focus();
};

const showAttached = (form) => {
  const list = form.querySelector(".attached");
  list.replaceChildren();
  (attached.get(form.id) || []).forEach((file, i) => {
    const item = document.createElement("li");
    item.textContent = file.name + " ";
    const off = document.createElement("button");
    off.type = "button";
    off.className = "icon";
    off.textContent = "✕";
    off.setAttribute("aria-label", "Remove " + file.name);
    off.addEventListener("click", () => {
      attached.get(form.id).splice(i, 1);
      showAttached(form);
    });
    item.append(off);
    list.append(item);
  });
};

// ---- suggestions for / and @ ---------------------------------------------------

const commands = () => JSON.parse(document.getElementById("sidebar").dataset.commands || "[]");

const suggestionsFor = (words) => {
  const at = words.match(/(^|\s)(@\S*)$/);
  if (!at && words.startsWith("/")) return commands().filter((s) => s.text.startsWith(words) && s.text.trim() !== words.trim()).map((s) => ({ ...s, full: s.text }));
  if (!at) return [];
  const handles = JSON.parse(document.getElementById("sidebar").dataset.handles || "[]");
  return handles.filter((s) => s.text.startsWith(at[2])).map((s) => ({ ...s, full: words.slice(0, words.length - at[2].length) + s.text + " " }));
};

// completes says whether Enter takes the suggestion instead of sending: it was
// chosen with the arrows, or what stands there is no whole command or name yet.
const completes = (list, chosen, words) => {
  if (!chosen || chosen.dataset.full.trim() === words) return false;
  if ("moved" in list.dataset) return true;
  if (/(^|\s)@\S*$/.test(words)) return true;
  return !words.includes(" ") && !commands().some((s) => s.text.trim() === words);
};

const suggest = (form, close) => {
  const list = form.querySelector(".suggest");
  if (!list) return;
  const text = form.querySelector("textarea");
  const found = text.value && !close ? suggestionsFor(text.value) : [];
  list.replaceChildren();
  delete list.dataset.moved;
  found.slice(0, 8).forEach((s, i) => {
    const item = document.createElement("li");
    item.id = list.id + "-" + i;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(i === 0));
    item.dataset.full = s.full;
    const strong = document.createElement("strong");
    strong.textContent = s.text;
    const small = document.createElement("small");
    small.textContent = s.hint;
    item.append(strong, " ", small);
    list.append(item);
  });
  list.hidden = !found.length;
  if (found.length) text.setAttribute("aria-activedescendant", list.id + "-0");
  else text.removeAttribute("aria-activedescendant");
};

const moveSuggestion = (form, step) => {
  const items = [...form.querySelectorAll(".suggest li")];
  form.querySelector(".suggest").dataset.moved = "";
  const at = items.findIndex((x) => x.getAttribute("aria-selected") === "true");
  const next = items[(at + step + items.length) % items.length];
  items.forEach((x) => x.setAttribute("aria-selected", String(x === next)));
  form.querySelector("textarea").setAttribute("aria-activedescendant", next.id);
};

const takeSuggestion = (form, item) => {
  const text = form.querySelector("textarea");
  text.value = item.dataset.full;
  text.focus();
  suggest(form);
};

// ---- what is pressed -----------------------------------------------------------

const clicks = [
  ["[data-act]", (el) => act(el, el.dataset.act, el.dataset.value)],
  ["[data-thread-open]", (el) => go({ ...here(), thread: el.dataset.threadOpen }, "thread")],
  ["[data-thread-close]", () => go({ ...here(), thread: "" }, "conversation")],
  ["[data-view-close]", (el) => closeView(el.closest("dialog"))],
  ["[data-unpick]", (el) => unpick(el)],
  ["[data-turn]", (el) => turnPage(el)],
  ["[data-sort]", (el) => sortBy(el)],
  ["[data-command]", (el) => post("command", { user: here().user, channel: here().channel, text: el.dataset.command }).then(() => refresh("conversation", "sidebar"))],
  ["[data-unarchive]", (el) => post("set", { slack_channels: { [el.dataset.unarchive]: { is_archived: false } } }).then(() => refresh("conversation", "sidebar"))],
  ["[data-sample]", (el) => share(document.querySelector("#conversation [data-composer]"), [], true)],
  ["[data-slack-up]", () => post("set", { slack_down: false }).then(() => refresh("conversation", "org"))],
  ["[data-tour-off]", () => {
    sessionStorage.setItem("tour", "off");
    settle();
  }],
  ["[data-delete]", (el) => post("edit", { channel: here().channel, message_ts: el.dataset.delete, text: null })],
  ["[data-switch]", (el) => {
    const on = el.getAttribute("aria-checked") !== "true";
    post("set", { [el.dataset.switch]: JSON.parse(on ? el.dataset.on : el.dataset.off) }).then(() => { load("org"); load("conversation"); });
  }],
  ["[data-push]", (el) => post("set", { answer_push: { push: el.dataset.push, number: Number(el.dataset.number || 0), reject: "reject" in el.dataset } }).then(() => refresh("org", "modal"))],
  ["[data-suspicious]", (el) => post("set", { report_suspicious: el.dataset.suspicious }).then(() => refresh("org"))],
  ["[data-offset]", (el) => {
    history.replaceState(null, "", "/" + address({ ...here(), offset: el.dataset.offset }));
    load("org").then(() => document.getElementById("users-title")?.scrollIntoView());
  }],
  ["[data-pane-to]", (el) => {
    document.body.dataset.pane = el.dataset.paneTo;
    settle();
  }],
  [".suggest li", (el) => takeSuggestion(el.closest("form"), el)],
  ["#theme", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  }],
];

addEventListener("click", (e) => {
  const link = e.target.closest("a[data-go], a[data-channel]");
  if (link && !e.metaKey && !e.ctrlKey && e.button === 0) {
    e.preventDefault();
    const q = new URLSearchParams(new URL(link.href).search);
    const state = here();
    const channel = q.get("channel") || state.channel;
    const stays = link.dataset.pick && channel === state.channel;
    const user = (link.dataset.pick && q.get("user")) || state.user; // the sidebar may still be that of who was chosen before
    return go({ user, channel, thread: stays ? state.thread : "", before: q.get("before") || "", q: state.q, offset: state.offset }, "conversation");
  }
  for (const [selector, deed] of clicks) {
    const el = e.target.closest(selector);
    if (!el) continue;
    if (el.tagName === "A" && el.getAttribute("href").startsWith("#")) e.preventDefault();
    return deed(el);
  }
});

addEventListener("submit", (e) => {
  const form = e.target;
  if (form.method === "dialog") return;
  e.preventDefault();
  if (form.matches("[data-composer]")) send(form);
  else if (actsOn(document.activeElement, "enter")) return; // Enter there acts, and submits nothing
  else if (form.closest("dialog.modal")) submitView(form.closest("dialog.modal"));
});

addEventListener("change", async (e) => {
  if (e.target.matches("[data-find]")) return pickOption(e.target);
  if (e.target.matches("[data-file]")) return pickFiles(e.target);
  const holder = e.target.closest("[data-input][data-acts]");
  if (holder && holder.dataset.dispatch) return; // text acts at Enter, or while it is typed
  if (holder && holder.dataset.type === "external_select" && !chosenOption(holder)) return;
  if (holder) return act(holder, holder.dataset.input, await valueOf(holder));
  const form = e.target.closest("[data-composer]");
  if (form && e.target.type === "file") {
    attach(form, e.target.files);
    e.target.value = "";
  }
});

let finding;
addEventListener("input", (e) => {
  const el = e.target;
  dirty.add(el);
  if (el.matches("[data-composer] textarea")) {
    el.style.height = "auto";
    el.style.height = Math.min(el.scrollHeight, 200) + "px";
    suggest(el.form);
  }
  if (el.dataset.type === "external_select" || el.matches("[data-find]")) {
    clearTimeout(finding);
    finding = setTimeout(() => offer(el), 200);
  }
  if (actsOn(el, "char")) actSoon(el);
  if (el.id === "find") {
    clearTimeout(finding);
    finding = setTimeout(() => {
      history.replaceState(null, "", "/" + address({ ...here(), q: el.value, offset: "" }));
      load("org");
    }, 150);
  }
});

addEventListener("keydown", async (e) => {
  if (e.key === "Enter" && !e.isComposing && e.target.tagName === "INPUT") {
    if (e.target.matches("[data-find]")) return e.preventDefault();
    if (actsOn(e.target, "enter")) {
      e.preventDefault();
      return act(e.target, e.target.dataset.input, await valueOf(e.target));
    }
  }
  if (e.target.matches(".attach") && (e.key === "Enter" || e.key === " ")) {
    e.preventDefault();
    return e.target.querySelector("input").click();
  }
  const form = e.target.closest("[data-composer]");
  if (!form || e.target.tagName !== "TEXTAREA") return;
  const list = form.querySelector(".suggest");
  const open = list && !list.hidden;
  const chosen = open && list.querySelector('[aria-selected="true"]');
  if (open && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
    e.preventDefault();
    moveSuggestion(form, e.key === "ArrowDown" ? 1 : -1);
  } else if (open && (e.key === "Tab" || (e.key === "Enter" && completes(list, chosen, e.target.value.trim())))) {
    e.preventDefault();
    takeSuggestion(form, chosen);
  } else if (open && e.key === "Escape") {
    list.hidden = true;
  } else if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
    e.preventDefault();
    send(form);
  }
});

// Enter sends and Shift+Enter breaks the line. Where a driver types the character
// apart from the key, the line would break in the field that was just emptied.
addEventListener("keypress", (e) => {
  if (e.key === "Enter" && !e.shiftKey && e.target.matches("[data-composer] textarea")) e.preventDefault();
});

// A modal is closed by the server: the app may want to hear of it.
document.addEventListener("cancel", (e) => {
  if (!e.target.matches("dialog.modal")) return;
  e.preventDefault();
  closeView(e.target);
}, true);

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(kind, (e) => {
    if (![...(e.dataTransfer?.types || [])].includes("Files")) return;
    e.preventDefault();
    const pane = e.target.closest?.("#thread") ? "#thread" : "#conversation";
    const form = document.querySelector(pane + " [data-composer]");
    if (!form) return;
    form.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") attach(form, e.dataTransfer.files);
  });
}

// ---- hearing of changes ----------------------------------------------------------

const heard = (change) => {
  const state = here();
  switch (change.type) {
    case "message":
      if (change.channel === state.channel) refresh("conversation", "thread");
      return refresh("sidebar");
    case "ephemeral":
      if (change.user === state.user) refresh("conversation", "thread", "sidebar");
      return;
    case "view":
      if (change.user === state.user) refresh("modal", ...(state.channel === "home" ? ["conversation"] : []));
      return;
    case "file":
      return refresh("conversation");
    case "org":
      return refresh("org");
    case "settings":
      return refresh("org", "conversation"); // which says whether Slack is down
    case "channel":
    case "sockets":
      return refresh("sidebar");
    default:
      return refresh(...parts);
  }
};

const listen = () => {
  const events = new EventSource("/sandbox/events");
  const banner = document.getElementById("stopped");
  let lost = 0;
  events.addEventListener("change", (e) => heard(JSON.parse(e.data)));
  events.addEventListener("error", () => {
    lost = lost || setTimeout(() => { banner.hidden = false; }, 1500);
  });
  events.addEventListener("open", () => {
    clearTimeout(lost);
    if (lost) refresh(...parts);
    lost = 0;
    banner.hidden = true;
  });
};

const begin = async () => {
  const [entry] = performance.getEntriesByType("navigation");
  if (entry && entry.type === "reload") {
    await post("reload", { user: here().user }); // what only this person saw is gone, as in Slack
    refresh(...parts);
  }
  history.replaceState(null, "", "/" + address(here()));
  settle();
  const box = document.getElementById("messages");
  const lit = document.querySelector(".lit");
  if (lit) lit.scrollIntoView({ block: "center" });
  else if (box && !box.matches(".home")) box.scrollTop = box.scrollHeight;
  const replies = document.getElementById("replies");
  if (replies) replies.scrollTop = replies.scrollHeight;
  listen();
  openHome();
  setInterval(() => refresh("org"), 5000); // windows end without a call
};

begin();
