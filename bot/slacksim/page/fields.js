// What an input of a message, a modal or a home tab holds, and what the app
// offers to choose. page.js sends it.
"use strict";

const dirty = new WeakSet(); // inputs that the person has changed
const uploads = new WeakMap(); // file_input -> the upload under way

const valueOf = async (el) => {
  const type = el.dataset.type;
  if (type === "file_input") {
    await uploads.get(el);
    return [...el.querySelectorAll("[data-picked]")].map((x) => x.dataset.picked);
  }
  if (type === "multi_external_select") return { type, selected_options: [...el.querySelectorAll("[data-picked]")].map((x) => JSON.parse(x.dataset.picked)) };
  if (type === "checkboxes" || type.startsWith("multi_")) return [...el.querySelectorAll("input:checked")].map((x) => x.value);
  if (type === "radio_buttons") return el.querySelector("input:checked")?.value ?? null;
  if (type === "datetimepicker") return el.value ? String(Math.floor(new Date(el.value) / 1000)) : null;
  if (type === "external_select") return { type, selected_option: chosenOption(el) };
  return el.value === "" ? null : el.value;
};

const valuesOf = async (holder) => {
  const values = {};
  for (const el of holder.querySelectorAll("[data-input]")) {
    const block = (values[el.dataset.block] ||= {});
    block[el.dataset.input] = await valueOf(el);
  }
  return values;
};

// revert undoes a choice that the person did not confirm.
const revert = (el) => {
  for (const x of [el, ...el.querySelectorAll("input")]) {
    if ("defaultChecked" in x) x.checked = x.defaultChecked;
    if (x.tagName === "INPUT" && x.type !== "checkbox" && x.type !== "radio" && x.type !== "file") x.value = x.defaultValue;
  }
  for (const option of el.options || []) option.selected = option.defaultSelected;
};

// ---- external selects: the app answers to what is typed --------------------

const offered = (el) => {
  const item = [...el.list.options].find((o) => o.value === el.value);
  return item ? JSON.parse(item.dataset.option) : null;
};

const chosenOption = (el) => {
  const option = offered(el);
  if (option) return option;
  const before = el.dataset.chosen ? JSON.parse(el.dataset.chosen) : null;
  return before && before.text.text === el.value ? before : null;
};

const asked = new WeakMap(); // input -> the text that was asked for last

const offer = async (el) => {
  const words = el.value;
  if (words.length < Number(el.dataset.min) || offered(el)) return;
  asked.set(el, words);
  const holder = el.closest("[data-input]");
  const state = here();
  const body = { user: state.user, channel: state.channel, action_id: holder.dataset.input, block_id: holder.dataset.block, value: words };
  const view = el.closest("[data-view]");
  if (view) body.view_id = view.dataset.view;
  else body.message_ts = el.closest("[data-ts]")?.dataset.ts;
  const out = await post("options", body);
  if (asked.get(el) !== words) return; // an older answer came late
  const options = [...(out.options || []), ...(out.option_groups || []).flatMap((g) => g.options)];
  el.list.replaceChildren(...options.map((option) => {
    const item = document.createElement("option");
    item.value = option.text.text;
    item.dataset.option = JSON.stringify(option);
    return item;
  }));
};

// ---- lists of what was picked ----------------------------------------------

// showRoom hides the field when nothing more can be picked.
const showRoom = (holder) => {
  const full = holder.querySelectorAll("[data-picked]").length >= Number(holder.dataset.most || Infinity);
  for (const el of holder.querySelectorAll("[data-file], [data-find]")) el.hidden = full;
};

const pick = (holder, picked, words) => {
  const list = holder.querySelector(".picked");
  if ([...list.children].some((x) => x.dataset.picked === picked)) return false;
  if (list.children.length >= Number(holder.dataset.most || Infinity)) {
    toast(`No more than ${holder.dataset.most}.`);
    return false;
  }
  const item = document.createElement("li");
  item.dataset.picked = picked;
  item.textContent = words + " ";
  const off = document.createElement("button");
  off.type = "button";
  off.className = "icon";
  off.dataset.unpick = "";
  off.textContent = "✕";
  off.setAttribute("aria-label", "Remove " + words);
  item.append(off);
  list.append(item);
  dirty.add(holder);
  showRoom(holder);
  return true;
};

const unpick = async (el) => {
  const holder = el.closest("[data-input]");
  el.closest("li").remove();
  dirty.add(holder);
  showRoom(holder);
  holder.querySelector("input").focus();
  if (holder.hasAttribute("data-acts")) act(holder, holder.dataset.input, await valueOf(holder));
};

// pickOption takes what stands in the search field of a multi_external_select.
const pickOption = async (el) => {
  const option = offered(el);
  if (!option) return;
  const holder = el.closest("[data-input]");
  if (!pick(holder, JSON.stringify(option), option.text.text)) return;
  el.value = "";
  el.list.replaceChildren();
  if (holder.hasAttribute("data-acts")) act(holder, holder.dataset.input, await valueOf(holder));
};

// pickFiles uploads what was chosen in a file_input.
const pickFiles = async (el) => {
  const holder = el.closest("[data-input]");
  const files = [...el.files];
  el.value = "";
  const room = Number(holder.dataset.most) - holder.querySelectorAll("[data-picked]").length;
  if (files.length > room) return toast(`No more than ${holder.dataset.most}.`);
  const form = new FormData();
  form.set("user", here().user);
  for (const file of files) form.append("file", file);
  holder.setAttribute("aria-busy", "true");
  const upload = post("file", form).then((out) => {
    (out.files || []).forEach((id, i) => pick(holder, id, files[i].name));
    holder.removeAttribute("aria-busy");
  });
  uploads.set(holder, upload);
  await upload;
  if (holder.hasAttribute("data-acts")) act(holder, holder.dataset.input, await valueOf(holder));
};

// ---- text that acts while it is typed, or at Enter -------------------------

const typing = new WeakMap(); // input -> timer

const actSoon = (el) => {
  clearTimeout(typing.get(el));
  typing.set(el, setTimeout(async () => {
    if (el.getAttribute("aria-busy") === "true") return actSoon(el);
    act(el, el.dataset.input, await valueOf(el));
  }, 300));
};

const actsOn = (el, what) => el.hasAttribute?.("data-acts") && (el.dataset.dispatch || "").split(" ").includes(what);
