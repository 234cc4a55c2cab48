"use strict";

// page.js, which follows, draws the charts of a source that has no points yet, and tells when (`plots`). This asks for
// the moment again and again, shows it, and has the source fetch the points that it does not have.

Bokeh.set_log_level("error"); // it warns of every chart without points, which here is none of anybody's mistakes

const SPEAK_AFTER_MS = 30_000; // a screen reader is not to be interrupted with every interval
const ASK_AGAIN_S = 2;

const place = (id) => document.getElementById(id);
const shown = { epoch: "", points: 0, turn: "", spoken: -Infinity };

function element(name, text, attributes = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, attributes);
}

function say(where, text) {
  if (where.textContent !== text) {
    where.textContent = text;
  }
}

function row(cells, texts, head = false) {
  const line = document.createElement("tr");
  cells.forEach((text, column) => {
    const className = column < texts ? "text" : "";
    if (head || column === 0) {
      line.append(element("th", text, { scope: head ? "col" : "row", className }));
    } else {
      line.append(element("td", text, { className }));
    }
  });
  return line;
}

function fill(region, { caption, head, rows } = { rows: [] }) {
  region.hidden = rows.length === 0;
  if (region.hidden) {
    return;
  }
  const texts = Number(region.dataset.texts);
  const [table] = region.children;
  region.setAttribute("aria-label", caption);
  say(table.caption, caption);
  table.tHead.replaceChildren(row(head, texts, true));
  table.tBodies[0].replaceChildren(...rows.map((cells) => row(cells, texts)));
}

function verdict([about, which, mood]) {
  const item = element("li", "", { className: mood });
  item.append(element("span", about, { className: "about" }), " ", element("strong", which));
  return item;
}

// Spoken at once when things have turned, else now and then.
function speak({ phase, mood, sentence }) {
  const turn = `${phase} ${mood}`;
  if (turn !== shown.turn || performance.now() - shown.spoken > SPEAK_AFTER_MS) {
    shown.turn = turn;
    shown.spoken = performance.now();
    say(place("spoken"), sentence);
  }
}

function tell(moment) {
  place("answer").className = moment.mood;
  say(place("sentence"), moment.sentence);
  speak(moment);
  place("about").replaceChildren(...moment.about.flatMap((text) => [element("span", text), " "]));
  place("verdicts").replaceChildren(...moment.verdicts.map(verdict));
  place("verdicts").hidden = moment.verdicts.length === 0;
  place("report").hidden = !moment.report;
  say(place("rolled"), moment.rolled_up);
  for (const region of document.querySelectorAll("[data-table]")) {
    fill(region, moment.tables[region.dataset.table]);
  }
  for (const each of document.querySelectorAll("[data-said]")) {
    say(each, moment.said[each.dataset.said] ?? "");
  }
}

// JSON has no number that is none, which is where a line has a gap.
function keepGaps(source) {
  const load = source.load_data.bind(source);
  source.load_data = (columns, mode, most) => {
    for (const [name, values] of Object.entries(columns)) {
      columns[name] = values.map((value) => value ?? NaN);
    }
    return load(columns, mode, most);
  };
}

// Done when the points are there, or could not be had.
function fetchPoints(source, mode, range) {
  return new Promise((done) => {
    const prepare = source.prepare_request;
    source.prepare_request = () => {
      const request = prepare.call(source);
      source.prepare_request = prepare;
      request.addEventListener("loadend", () => done(request.status === 200));
      return request;
    };
    source.data_url = `chats/points?${new URLSearchParams(range)}`;
    source.get_data(mode, source.max_size);
  });
}

async function catchUp(source, { epoch, points }) {
  const isNew = epoch !== shown.epoch;
  const from = isNew ? 0 : shown.points;
  if (!isNew && from === points) {
    return;
  }
  if (await fetchPoints(source, isNew ? "replace" : "append", { epoch, from, to: points })) {
    shown.epoch = epoch;
    shown.points = points;
  }
}

// Twelve ways out would make a legend longer than its chart: it names those that somebody has taken.
function shorten(source, legends) {
  for (const item of legends.flatMap(({ items }) => items)) {
    const values = source.data[item.renderers[0].name];
    if (values !== undefined) {
      item.visible = values.some((value) => value > 0);
    }
  }
}

async function ask(source, legends) {
  const answer = await fetch("chats/moment", { cache: "no-store" });
  if (!answer.ok) {
    throw new Error(`${answer.status}: ${await answer.text()}`);
  }
  const moment = await answer.json();
  await catchUp(source, moment);
  shorten(source, legends);
  tell(moment);
  document.documentElement.toggleAttribute("data-shown", shown.points > 0 && moment.points > 0);
  return moment.ask_again_s;
}

async function askAgainAndAgain(source, legends) {
  let next_s = ASK_AGAIN_S;
  try {
    next_s = await ask(source, legends);
    place("silence").hidden = true;
  } catch (problem) {
    const why = `There is no answer any more (${problem.message}): whoson-load has ended, or is too busy.`;
    say(place("silence"), `${why} What is shown is old.`);
    place("silence").hidden = false;
  }
  setTimeout(askAgainAndAgain, 1000 * next_s, source, legends);
}

addEventListener("load", async () => {
  const views = await plots();
  const source = Bokeh.documents[0].get_model_by_name("points");
  const legends = views.flatMap(({ model }) => model.above.filter(({ type }) => type === "Legend"));
  keepGaps(source);
  askAgainAndAgain(source, legends);
});
