// The dashboard. What the API says is put in as text, never as HTML (the page's policy forbids that too).
// Facts come from GET /cluster?lease, /patroni and /decisions; GET /events says when it's worth asking again.

const base = new URL(".", location.href);
const LIVE_MS = 5000;      // positions and the lease make no events
const POLL_MS = 3000;      // without the stream
const REOPEN_MS = 10000;   // a stream that the browser has given up
const ANSWER_MS = 15000;   // longer than the agent waits for the store
const CLUSTER = "cluster?lease=1"; // with what its leader says of its lease
const FIRST_DECISIONS = 15;

const ROLES = {
  leader: "Leader", standby_leader: "Standby leader", sync_standby: "Sync standby",
  quorum_standby: "Quorum standby", replica: "Replica",
};
const GOOD_STATES = ["running", "streaming"];
const BAD_STATES = ["crashed", "stopped", "start failed", "stop failed", "restart failed", "initdb failed"];

let cluster = null;        // the last GET /cluster
let node = null;           // the last GET /patroni
let decisions = [];
let allDecisions = false;
let lease = null;          // { endsAt, ttlMs } on performance.now()'s clock, if the leader told it
let credentials = null;    // the Authorization header's value, in memory only
let lastAnswer = null;     // when this member last answered
const problems = new Map();    // path -> what went wrong with it last
const operations = new Map();  // title -> last event of it
const rows = new Map();        // member name -> Row

// ---- small tools

const $ = (id) => document.getElementById(id);

function el(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") made.className = value;
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Writes only what differs, so that selections and screen readers are left alone. */
function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Replaces the children if what they are made of differs. */
function fill(element, facts, make) {
  const signature = JSON.stringify(facts);
  if (element.signature !== signature) {
    element.signature = signature;
    element.replaceChildren(...make());
  }
}

const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const isLeader = (member) => member.role === "leader" || member.role === "standby_leader";
const leaderOf = (view) => view?.members.find(isLeader) ?? null;
const selfName = () => node?.patroni?.name ?? null;

function bytes(value) {
  if (typeof value !== "number") return "unknown";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let shown = value;
  let unit = 0;
  while (shown >= 1024 && unit < units.length - 1) { shown /= 1024; unit++; }
  return unit === 0 ? `${value} B` : `${shown.toFixed(1)} ${units[unit]} (${value.toLocaleString("en")} B)`;
}

function when(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return plain(iso);
  const two = (n) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The dashboard of the member with this REST address; nothing for what is no web address. */
function pageOf(apiUrl) {
  try {
    const url = new URL(apiUrl);
    return url.protocol === "http:" || url.protocol === "https:" ? `${url.origin}/ui` : null;
  } catch {
    return null;
  }
}

let newsTimer = 0;
function tell(sentence) {
  $("news").textContent = sentence;
  clearTimeout(newsTimer);
  newsTimer = setTimeout(() => { $("news").textContent = ""; }, 8000);
}

// ---- asking the API

async function ask(path) {
  try {
    const answer = await fetch(new URL(path, base), { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) {
      const said = await answer.text();
      lastAnswer = Date.now();
      problems.set(path, `${answer.status} ${said}`);
      return null;
    }
    const document = await answer.json();
    lastAnswer = Date.now();
    problems.delete(path);
    return document;
  } catch {
    problems.set(path, null);
    return null;
  }
}

let refreshing = false;
let again = false;
let timer = 0;

/** One at a time; what is wished meanwhile is one more. */
async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  clearTimeout(timer);
  try {
    await look();
  } finally {
    refreshing = false;
    const pause = again ? 200 : stream.live ? LIVE_MS : POLL_MS;
    again = false;
    if (!document.hidden) timer = setTimeout(refresh, pause);
  }
}

async function look() {
  const asked = performance.now();
  const [view, status] = await Promise.all([ask(CLUSTER), ask("patroni"), refreshDecisions()]);
  if (status) node = status;
  if (view) {
    lease = view.lease ? { endsAt: asked + view.lease.left_ms, ttlMs: view.lease.ttl * 1000 } : null;
    compare(cluster, view);
    cluster = view;
  }
  render();
}

function refreshSoon() {
  if (refreshing) { again = true; return; }
  clearTimeout(timer);
  timer = setTimeout(refresh, 150);
}

async function refreshDecisions() {
  decisions = (await ask("decisions")) ?? decisions;
}

/** Says what changed between two views of the cluster. */
function compare(before, now) {
  if (!before) return;
  const said = [];
  const leader = leaderOf(now)?.name;
  const old = leaderOf(before)?.name;
  if (leader !== old) said.push(leader ? `${leader} leads now` : `${old} no longer leads: there is no leader`);
  const names = (view) => new Set(view.members.map((member) => member.name));
  const [had, has] = [names(before), names(now)];
  for (const name of has) if (!had.has(name)) said.push(`${name} joined`);
  for (const name of had) if (!has.has(name)) said.push(`${name} left`);
  for (const member of now.members) {
    const state = before.members.find((other) => other.name === member.name)?.state;
    if (state !== undefined && state !== member.state) said.push(`${member.name}: ${member.state}`);
  }
  if (!before.pause !== !now.pause) said.push(now.pause ? "maintenance mode is on" : "maintenance mode is off");
  if (said.length > 0) tell(said.join(" · "));
}

// ---- the stream

const stream = { source: null, live: false, reopen: 0 };

function openStream() {
  clearTimeout(stream.reopen);
  stream.source?.close();
  const source = new EventSource(new URL("events", base));
  stream.source = source;
  source.onopen = () => { stream.live = true; refreshSoon(); renderLive(); };
  source.onerror = () => {
    stream.live = false;
    operations.clear();
    if (source.readyState === EventSource.CLOSED) stream.reopen = setTimeout(openStream, REOPEN_MS);
    refreshSoon();
    renderLive();
  };
  for (const type of ["reset", "role", "state", "leader", "member", "decision"]) {
    source.addEventListener(type, refreshSoon);
  }
  source.addEventListener("reset", () => { operations.clear(); renderOperations(); });
  for (const type of ["operation-begin", "operation-progress", "operation-end"]) {
    source.addEventListener(type, (event) => {
      const facts = JSON.parse(event.data);
      if (type === "operation-end") {
        operations.delete(facts.operation);
        tell(`${facts.operation}: ${facts.outcome}`);
        refreshSoon();
      } else {
        operations.set(facts.operation, facts);
      }
      renderOperations();
    });
  }
}

function closeStream() {
  clearTimeout(stream.reopen);
  stream.source?.close();
  stream.source = null;
  stream.live = false;
}

/** A page that nobody sees asks nothing. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    closeStream();
    clearTimeout(timer);
  } else {
    openStream();
    refresh();
  }
});

// ---- showing

function render() {
  const leader = leaderOf(cluster);
  const self = selfName();
  const scope = cluster?.scope ?? node?.patroni?.scope ?? "…";
  document.title = `${scope}: ${leader ? leader.name + " leads" : "no leader"} – Kumki`;
  text($("scope"), scope);
  text($("self"), self ?? "this member");
  text($("decisions-self"), self ?? "this member");
  text($("operations-self"), self ?? "this member");
  text($("version"), node?.kumki?.version ?? "");
  if (cluster) {
    text($("leader"), leader ? (leader.role === "standby_leader" ? `${leader.name} (of a standby cluster)` : leader.name) : "none");
    text($("timeline"), leader?.timeline === undefined ? "unknown" : String(leader.timeline));
    text($("pause"), cluster.pause ? "on" : "off");
    text($("pause-button"), cluster.pause ? "Resume…" : "Pause…");
    text($("switchover"), leader ? "Switch over…" : "Fail over…");
    $("pause-button").disabled = false;
    $("switchover").disabled = cluster.members.length === 0;
    renderMembers();
  }
  renderLive();
  renderNotices();
  renderLease();
  renderDecisions();
  renderOperations();
}

const away = () => [...problems.values()].includes(null);

function renderLive() {
  const since = lastAnswer === null ? "" : ` since ${when(lastAnswer).slice(11)}`;
  const [state, sentence] = away()
    ? ["lost", `no answer${since}; trying again`]
    : stream.live
      ? ["live", "live"]
      : [lastAnswer === null ? "connecting" : "polling", lastAnswer === null ? "connecting" : `not live: asking every ${POLL_MS / 1000} s, reconnecting`];
  $("live").dataset.state = state;
  text($("live-text"), sentence);
}

function renderNotices() {
  const said = [];
  const bad = (...parts) => said.push(["bad", parts.join("")]);
  const warn = (...parts) => said.push(["warn", parts.join("")]);
  if (problems.get(CLUSTER)) bad("What is shown of the cluster may be old: ", problems.get(CLUSTER));
  if (away()) bad("This member gives no answer. What is shown may be old; the other members have pages too.");
  if (cluster && !leaderOf(cluster)) bad("There is no leader: nobody takes writes.");
  if (node?.multiple_primaries) bad("More than one primary is seen: ", node.multiple_primaries.join(", "));
  if (node?.trouble) bad(selfName(), ": ", node.trouble);
  if (cluster?.pause) warn("Maintenance mode is on: there is no failover. Resume when the work is done.");
  if (node?.failsafe_mode_is_active) warn("Failsafe mode is active: the store (etcd) is silent.");
  const planned = cluster?.scheduled_switchover;
  if (planned) {
    warn("A switchover is scheduled", planned.from ? ` from ${planned.from}` : "", planned.to ? ` to ${planned.to}` : "", ": ", when(planned.at));
  }
  fill($("notices"), said, () => said.map(([kind, sentence], index) => {
    const notice = el("p", { class: `notice ${kind}` }, sentence);
    if (planned && index === said.length - 1) {
      notice.append(" ", el("button", { type: "button", onclick: () => cancelSwitchover(planned) }, "Cancel it…"));
    }
    return notice;
  }));
}

function renderLease() {
  const bar = $("lease");
  const leader = leaderOf(cluster);
  bar.hidden = lease === null;
  if (lease) {
    const left = Math.max(0, lease.endsAt - performance.now());
    bar.max = lease.ttlMs;
    bar.value = left;
    fill($("lease-text"), [left], () => [
      left === 0 ? "ended, or not renewed as far as this page knows" : `${(left / 1000).toFixed(1)} s left of ${lease.ttlMs / 1000} s`]);
  } else {
    const page = leader && leader.name !== selfName() ? pageOf(leader.api_url) : null;
    fill($("lease-text"), [leader?.name, page], () => [
      leader ? "held; the time left isn't told here by " : "held by nobody",
      page ? el("a", { href: page }, leader.name) : leader ? leader.name : "",
    ]);
  }
}
setInterval(() => { if (lease && !document.hidden) renderLease(); }, 200);

function renderOperations() {
  $("operations").hidden = operations.size === 0;
  fill($("operations-list"), [...operations], () => [...operations.values()].map((facts) => {
    const line = el("li", {}, facts.operation);
    if (facts.bytes !== undefined) {
      line.append(`: ${facts.method} from ${facts.source}, ${bytes(facts.bytes)}, ${facts.seconds} s`);
    }
    if (facts.percent !== undefined) {
      line.append(`, ${facts.percent} % `, el("progress", { max: 100, value: facts.percent, "aria-label": facts.operation }));
    }
    return line;
  }));
}

function renderDecisions() {
  const wanted = $("filter").value.trim().toLowerCase();
  const found = decisions.filter((entry) =>
    [entry.rule, entry.reason, entry.outcome, ...entry.actions].join(" ").toLowerCase().includes(wanted));
  const shown = allDecisions ? found : found.slice(0, FIRST_DECISIONS);
  text($("decisions-count"), `${shown.length} of ${wanted ? `${found.length} found, of ` : ""}${decisions.length}, newest first`);
  const list = $("decisions");
  fill(list, [shown, found.length], () => {
    const lines = shown.map((entry) => el("li", { class: entry.outcome.startsWith("failed") ? "bad" : "" },
      el("div", { class: "head" },
        el("time", { dateTime: entry.time, class: "quiet" }, when(entry.time)),
        el("span", { class: "rule mono" }, entry.rule),
        entry.repeated > 1 ? el("span", { class: "quiet" }, `${entry.repeated} turns in a row`) : null),
      el("p", {}, entry.reason),
      entry.actions.length === 0 && entry.outcome === "done" ? null
        : el("p", { class: "quiet" }, [entry.actions.join(", "), entry.outcome].filter(Boolean).join(" – "))));
    if (shown.length < found.length) {
      lines.push(el("li", {}, el("button", { type: "button", onclick: () => { allDecisions = true; renderDecisions(); } },
        `Show all ${found.length}`)));
    }
    return lines;
  });
}
$("filter").addEventListener("input", renderDecisions);

// ---- members

/** A member's element: made once, then only changed, so that focus stays where it is. */
class Row {
  constructor(name) {
    this.children = el("ul");
    this.head = el("div", { class: "head" });
    this.facts = el("dl", { class: "facts" });
    this.extra = el("div", { class: "extra" });
    this.actions = el("p", { class: "actions" });
    this.element = el("li", {},
      el("article", { class: "member", "aria-label": `Member ${name}` }, this.head, this.facts, this.extra, this.actions),
      this.children);
  }

  update(member) {
    const self = member.name === selfName();
    fill(this.head, [member.name, member.role, member.state, member.tags, member.pending_restart, self], () => [
      el("h3", {}, member.name),
      el("span", { class: isLeader(member) ? "chip lead" : "chip" }, (isLeader(member) ? "★ " : "") + (ROLES[member.role] ?? plain(member.role))),
      el("span", { class: `chip ${kindOf(member.state)}` }, member.state || "state unknown"),
      self ? el("span", { class: "chip" }, "this page's member") : null,
      member.pending_restart ? el("span", { class: "chip warn" }, "⟳ restart pending") : null,
      ...Object.entries(member.tags ?? {}).map(([tag, value]) => el("span", { class: "chip" }, `${tag}: ${plain(value)}`)),
    ].filter((part) => part !== null));
    const facts = factsOf(member);
    fill(this.facts, facts, () => facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
    const notes = notesOf(member, self);
    fill(this.extra, notes, () => notes.map(([kind, sentence]) => el("p", { class: kind }, sentence)));
    fill(this.actions, [self, isLeader(member), member.api_url, member.scheduled_restart], () => buttonsOf(member, self));
  }
}

const kindOf = (state) => (GOOD_STATES.includes(state) ? "good" : BAD_STATES.includes(state) ? "bad" : "warn");

function factsOf(member) {
  const facts = [];
  if (member.host) facts.push(["Address", `${member.host}:${member.port}`]);
  facts.push(["Timeline", member.timeline === undefined ? "unknown" : String(member.timeline)]);
  if (!isLeader(member)) {
    if (member.receive_lag === undefined) facts.push(["Lag", bytes(member.lag)]);
    else facts.push(["Receive lag", bytes(member.receive_lag)], ["Replay lag", bytes(member.replay_lag)]);
    if (member.lsn) facts.push(["Position", plain(member.lsn)]);
  }
  return facts;
}

function notesOf(member, self) {
  const notes = [];
  for (const [parameter, change] of Object.entries(member.pending_restart_reason ?? {})) {
    notes.push(["warn", `Restart pending: ${parameter} goes from ${change.old_value} to ${change.new_value}`]);
  }
  const restart = member.scheduled_restart;
  if (restart) {
    const conditions = Object.entries(restart).filter(([key]) => !["schedule", "postmaster_start_time"].includes(key))
      .map(([key, value]) => `${key}: ${plain(value)}`);
    notes.push(["warn", `Restart scheduled: ${when(restart.schedule)}${conditions.length ? ` if ${conditions.join(", ")}` : ""}`]);
  }
  if (self && node) {
    if (node.rejoin) notes.push(["warn", `On its way back (${node.rejoin.rule}): ${node.rejoin.reason}`]);
    if (node.standstill) notes.push(["warn", `Stands still: ${node.standstill.reason}`]);
    if (node.impaired) notes.push(["warn", `Impaired: ${node.impaired}`]);
    if (node.watchdog_failed) notes.push(["warn", "The watchdog that is required isn't there."]);
    for (const problem of node.parameter_problems ?? []) notes.push(["warn", problem]);
    if (node.clone && operations.size === 0) {
      notes.push(["", `Copy by ${node.clone.method} from ${node.clone.source}: ${bytes(node.clone.bytes)}${node.clone.percent === undefined ? "" : `, ${node.clone.percent} %`}`]);
    }
  }
  return notes;
}

/** Restart and reinitialize are the member's own affair: for another one a link to its page. */
function buttonsOf(member, self) {
  const button = (label, action) => el("button", { type: "button", onclick: action, "aria-label": `${label} (${member.name})` }, label);
  if (!self) {
    const page = pageOf(member.api_url);
    return [page ? el("a", { class: "button", href: page }, `Page of ${member.name}`)
      : el("span", { class: "quiet" }, "no REST address")];
  }
  const buttons = [button("Restart…", () => restart(member))];
  if (!isLeader(member)) buttons.push(button("Reinitialize…", () => reinitialize(member)));
  if (member.scheduled_restart) buttons.push(button("Cancel the scheduled restart…", () => cancelRestart(member)));
  return buttons;
}

/** Who follows whom: the tag replicatefrom if it names a member, else the leader. */
function parents(members) {
  const byName = new Map(members.map((member) => [member.name, member]));
  const leader = members.find(isLeader)?.name ?? null;
  const parent = new Map();
  for (const member of members) {
    const source = member.tags?.replicatefrom;
    parent.set(member.name, member.name === leader ? null
      : typeof source === "string" && source !== member.name && byName.has(source) ? source : leader);
  }
  for (const member of members) {
    const seen = new Set();
    for (let name = member.name; name !== null; name = parent.get(name)) {
      if (seen.has(name)) { parent.set(member.name, leader); break; } // a ring of tags: PostgreSQL follows the leader
      seen.add(name);
    }
  }
  return parent;
}

function renderMembers() {
  const members = [...cluster.members].sort((a, b) => isLeader(b) - isLeader(a) || (a.name < b.name ? -1 : 1));
  $("no-members").hidden = members.length > 0;
  for (const member of members) {
    if (!rows.has(member.name)) rows.set(member.name, new Row(member.name));
    rows.get(member.name).update(member);
  }
  for (const name of [...rows.keys()]) {
    if (!members.some((member) => member.name === name)) rows.delete(name);
  }
  const parent = parents(members);
  const order = members.map((member) => [member.name, parent.get(member.name)]);
  const tree = $("members");
  const signature = JSON.stringify(order);
  if (tree.signature === signature) return;
  tree.signature = signature;
  const focused = document.activeElement;
  tree.replaceChildren();
  for (const row of rows.values()) row.children.replaceChildren();
  for (const [name, above] of order) {
    (above === null ? tree : rows.get(above).children).append(rows.get(name).element);
  }
  for (const row of rows.values()) row.children.hidden = row.children.childElementCount === 0;
  if (focused !== document.activeElement && focused.isConnected) focused.focus();
}

// ---- changing something: a dialog says what will happen, then the API's answer

/**
 * @param wish { title, go, says: [sentences], fields: [elements], request: () => ({ method, path, body }) }
 */
function confirmThen(wish) {
  const dialog = $("action");
  const form = $("action-form");
  text($("action-title"), wish.title);
  $("action-text").replaceChildren(el("ul", {}, ...wish.says.map((sentence) => el("li", {}, sentence))));
  $("action-fields").replaceChildren(...(wish.fields ?? []));
  $("action-answer").hidden = true;
  text($("action-answer"), "");
  $("action-cancel").textContent = "Cancel";
  const go = $("action-go");
  go.textContent = wish.go;
  go.hidden = false;
  go.disabled = false;
  const mine = {};
  dialog.current = mine;
  form.onsubmit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    const answer = await send(wish.request(), (sentence) => { if (dialog.current === mine) showAnswer("", sentence); });
    const sentence = answer.status === 0 ? answer.text : `${answer.text} (status ${answer.status})`;
    if (dialog.current === mine && dialog.open) {
      showAnswer(answer.ok ? "good" : "bad", sentence);
      go.hidden = true;
      $("action-fields").replaceChildren();
      $("action-cancel").textContent = "Close";
      $("action-cancel").focus();
    } else {
      tell(`${wish.title}: ${sentence}`);
    }
    refresh();
  };
  dialog.showModal();
}

function showAnswer(kind, sentence) {
  const box = $("action-answer");
  box.className = `answer ${kind}`;
  box.hidden = false;
  text(box, sentence);
}
$("action-cancel").onclick = () => $("action").close();

/** Asks for name and password only when the API does, and then until they are right or not given. */
async function send(request, progress) {
  for (;;) {
    progress("Waiting for the answer…");
    const headers = { "X-Requested-With": "kumki-ui" };
    if (credentials) headers.Authorization = credentials;
    if (request.body !== undefined) headers["Content-Type"] = "application/json";
    let answer;
    let said;
    try {
      answer = await fetch(new URL(request.path, base), {
        method: request.method, headers, cache: "no-store", redirect: "error",
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
      });
      said = await answer.text();
    } catch {
      return { ok: false, status: 0, text: "No answer. It may have been done all the same: look before you try again." };
    }
    if (answer.status !== 401) {
      return { ok: answer.ok, status: answer.status, text: readable(said, request) };
    }
    const refused = credentials !== null;
    credentials = await login(refused ? "That name and password were not right." : "The API asks for them before it changes anything.");
    if (credentials === null) return { ok: false, status: 401, text: said };
  }
}

/** Error pages are HTML: their text is shown. Texts have only < > & escaped. */
function readable(said, request) {
  if (request.says) {
    try {
      return request.says(JSON.parse(said));
    } catch { /* no JSON: a refusal, shown as it is */ }
  }
  const shown = said.includes("<!DOCTYPE") ? said.replace(/^[^]*<body>/, "").replace(/<[^>]*>/g, " ") : said;
  return shown.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").replace(/\s+/g, " ").trim() || "(no text)";
}

function login(why) {
  return new Promise((resolve) => {
    const dialog = $("login");
    let given = null;
    text($("login-text"), why);
    $("login-password").value = "";
    $("login-cancel").onclick = () => dialog.close();
    $("login-form").onsubmit = (event) => {
      event.preventDefault();
      const pair = new TextEncoder().encode(`${$("login-name").value}:${$("login-password").value}`);
      given = `Basic ${btoa(String.fromCharCode(...pair))}`;
      dialog.close();
    };
    dialog.onclose = () => { $("login-password").value = ""; resolve(given); };
    dialog.showModal();
    ($("login-name").value ? $("login-password") : $("login-name")).focus();
  });
}

function timeField() {
  const input = el("input", { type: "datetime-local" });
  return { label: el("label", {}, "At (empty: now)", input),
    iso: () => (input.value ? new Date(input.value).toISOString().replace(/\.\d+Z$/, "+00:00") : null) };
}

function checkField(sentence) {
  const input = el("input", { type: "checkbox" });
  return { label: el("label", {}, input, ` ${sentence}`), on: () => input.checked };
}

$("switchover").onclick = () => {
  const leader = leaderOf(cluster);
  const select = el("select", { required: true });
  if (leader && !cluster.pause) select.append(el("option", { value: "" }, "the best one"));
  for (const member of cluster.members) {
    if (member === leader) continue;
    const barred = member.tags?.nofailover === true;
    const says = [ROLES[member.role] ?? plain(member.role), member.state, barred ? "nofailover" : `lag ${bytes(member.lag)}`];
    select.append(el("option", { value: member.name, disabled: barred }, `${member.name} (${says.join(", ")})`));
  }
  select.required = !(leader && !cluster.pause);
  const at = timeField();
  const fields = [el("label", {}, "New leader", select)];
  if (leader && !cluster.pause) fields.push(at.label);
  confirmThen({
    title: leader ? `Switch over from ${leader.name}` : "Fail over: there is no leader",
    go: leader ? "Switch over" : "Fail over",
    says: leader
      ? [`${leader.name} stops taking writes and becomes a standby.`,
        "The new leader takes over when it has received everything: nothing that was committed is lost.",
        "Connections to the old leader end; clients connect again."]
      : ["The member that you choose is promoted.", "Commits that it hasn't received are lost if no other member brings them."],
    fields,
    request: () => {
      const body = leader ? { leader: leader.name } : {};
      if (select.value) body.candidate = select.value;
      if (leader && at.iso()) body.scheduled_at = at.iso();
      return { method: "POST", path: leader ? "switchover" : "failover", body };
    },
  });
};

$("pause-button").onclick = () => {
  const on = !cluster.pause;
  confirmThen({
    title: on ? "Pause: maintenance mode on" : "Resume: maintenance mode off",
    go: on ? "Pause" : "Resume",
    says: on
      ? [`The agents of all members of ${cluster.scope} leave their servers alone.`, "There is no automatic failover until somebody resumes."]
      : [`The agents of all members of ${cluster.scope} take care of their servers again.`,
        "What doesn't fit its role by now is put right: servers may be started, restarted or follow another one."],
    request: () => ({
      method: "PATCH", path: "config", body: { pause: on ? true : null },
      says: (config) => (config.pause ? "Maintenance mode is on" : "Maintenance mode is off"),
    }),
  });
};

function cancelSwitchover(planned) {
  confirmThen({
    title: "Cancel the scheduled switchover", go: "Cancel the switchover",
    says: [`The switchover planned for ${when(planned.at)} won't take place.`],
    request: () => ({ method: "DELETE", path: "switchover" }),
  });
}

function cancelRestart(member) {
  confirmThen({
    title: `Cancel the scheduled restart of ${member.name}`, go: "Cancel the restart",
    says: [`The restart planned for ${when(member.scheduled_restart.schedule)} won't take place.`],
    request: () => ({ method: "DELETE", path: "restart" }),
  });
}

function restart(member) {
  const pending = checkField("only if a restart is pending");
  const at = timeField();
  confirmThen({
    title: `Restart PostgreSQL on ${member.name}`, go: "Restart",
    says: [`The server on ${member.name} stops and starts again; all its connections end.`,
      isLeader(member) ? "It is the leader: nobody takes writes until it is up again. If it doesn't start, another member takes over."
        : "It is a standby: the leader goes on."],
    fields: cluster.pause ? [pending.label] : [pending.label, at.label],
    request: () => {
      const body = {};
      if (pending.on()) body.restart_pending = true;
      if (at.iso()) body.schedule = at.iso();
      return { method: "POST", path: "restart", body };
    },
  });
}

function reinitialize(member) {
  const name = el("input", { autocomplete: "off", spellcheck: false, required: true });
  const check = () => name.setCustomValidity(name.value === member.name ? "" : `Write ${member.name}`);
  name.addEventListener("input", check);
  check();
  const force = checkField("also if other work is under way on it, which is then cancelled");
  confirmThen({
    title: `Reinitialize ${member.name}`, go: "Remove its data and copy anew",
    says: [`The server on ${member.name} is stopped and its data directory is removed.`,
      "Then it is copied from another member. Until that is done there is one standby less."],
    fields: [el("label", {}, `To go on, write the member's name: ${member.name}`, name), force.label],
    request: () => ({ method: "POST", path: "reinitialize", body: force.on() ? { force: true } : {} }),
  });
}

openStream();
refresh();
