// The gateway's own origin is all that this page talks to.

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();

let ends = []; // of the session: when, and what is said about it
let timer;

$("reload").addEventListener("click", load);
// Back, after signing out, would show the page as it was.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
start();

async function start() {
  try {
    const { data } = await get("/auth/session");
    if (!data.authenticated) return signedOut();
    signedIn(data);
    await load();
  } catch (problem) {
    if (problem.code === "NOT_FOUND") notice("This gateway has no login. Ask its API with a token.");
    else failed(problem);
  }
}

async function load() {
  $("dashboard").setAttribute("aria-busy", "true");
  try {
    show(await get("/api/v1/dashboard"));
    notice();
  } catch (problem) {
    failed(problem);
  } finally {
    $("dashboard").setAttribute("aria-busy", "false");
  }
}

/** The body of the reply; an error is thrown as `{code, message, request_id}`. */
async function get(path) {
  let reply;
  try {
    reply = await fetch(path, { headers: { "x-csrf": "1", accept: "application/json" } });
  } catch {
    throw { code: "NETWORK", message: "The gateway cannot be reached." };
  }
  const body = await reply.json().catch(() => null);
  if (reply.ok && body) return body;
  throw body?.error ?? { code: `HTTP ${reply.status}`, message: "This reply is not the gateway's." };
}

function signedIn({ user, session }) {
  const name = user.name ?? user.sub;
  $("name").textContent = name;
  $("email").textContent = user.email ?? "";
  $("picture").replaceChildren(picture(name, user.picture));
  $("greeting").textContent = `Hello, ${name.split(" ")[0]}`;
  visible({ account: true, dashboard: true });
  countDown(session ?? {});
}

function signedOut(message) {
  clearInterval(timer);
  $("cards").replaceChildren();
  visible({ "sign-in": true, welcome: true });
  notice(message);
}

function failed({ code, message, request_id }) {
  if (code === "SESSION_EXPIRED") return signedOut("Your session has ended. Sign in again to go on.");
  if (code === "UNAUTHORIZED") return signedOut("You are not signed in.");
  notice(message ?? "Something went wrong.", [code, request_id].filter(Boolean).join(" · "));
}

function visible(what) {
  for (const id of ["sign-in", "account", "welcome", "dashboard"]) $(id).hidden = !what[id];
}

function notice(message = "", detail = "") {
  $("notice").hidden = !message;
  $("notice").replaceChildren(element("span", {}, message), ...(detail ? [element("code", {}, detail)] : []));
}

/** Takes seconds from now. */
function countDown({ expires_in, absolute_expires_in }) {
  const now = Date.now();
  const until = (seconds) => now + seconds * 1000;
  ends = [];
  if (expires_in != null) ends.push([until(expires_in), "without use"]);
  if (absolute_expires_in != null) ends.push([until(absolute_expires_in), "at the latest"]);
  clearInterval(timer);
  timer = setInterval(tick, 1000);
  tick();
}

async function tick() {
  const left = ends.map(([end, words]) => [Math.max(0, Math.round((end - Date.now()) / 1000)), words]);
  const said = left.map(([seconds, words]) => `in ${clock(seconds)} ${words}`);
  $("session").textContent = said.length ? `Session ends ${said.join(", ")}` : "";
  if (!left.some(([seconds]) => seconds === 0)) return;
  clearInterval(timer);
  // Another tab may have used it.
  try {
    const { data } = await get("/auth/session");
    if (data.authenticated) countDown(data.session ?? {});
    else failed({ code: "SESSION_EXPIRED" });
  } catch (problem) {
    failed(problem);
  }
}

function clock(seconds) {
  const two = (part) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const short = `${hours ? two(minutes) : minutes}:${two(seconds % 60)}`;
  return hours ? `${hours}:${short}` : short;
}

function show({ data, meta }) {
  const without = (call) => (meta?.partial ?? []).some((missing) => missing.call === call);
  $("cards").replaceChildren(
    profile(data.user, data.team, without("team")),
    stats(data.stats, without("stats")),
    unread(data.unread, without("unread")),
    following(data.following, without("authors")),
  );
  // A dashboard has counted as use: the idle time starts anew.
  get("/auth/session").then(({ data }) => data.authenticated && countDown(data.session ?? {}), () => {});
}

function profile(user, team, without) {
  const rows = element("dl", {},
    element("dt", {}, "User"), element("dd", {}, user.id),
    element("dt", {}, "Team"), element("dd", {}, without ? "unavailable" : (team ?? "none")));
  const head = element("div", { class: "person" }, picture(user.name, user.avatar), element("b", {}, user.name));
  return card("Profile", "profile", false, head, rows);
}

function stats({ views, visitors, series }, without) {
  const figures = element("div", { class: "figures" },
    figure(number.format(views ?? 0), "views"), figure(number.format(visitors ?? 0), "visitors"));
  return card("Last 30 days", "stats", without, figures, bars(series ?? []));
}

function unread(count, without) {
  const words = count === 1 ? "unread message" : "unread messages";
  return card("Notifications", "unread", without, figure(number.format(count ?? 0), words));
}

function following(people, without) {
  const item = (one) => element("li", { class: "person" }, picture(one.name, one.avatar), element("span", {}, one.name));
  const list = people.length
    ? element("ul", { class: "people" }, ...people.map(item))
    : element("p", { class: "hint" }, "Nobody yet.");
  return card("Following", "following", without, list);
}

function card(title, name, without, ...body) {
  const note = without ? [element("p", { class: "missing" }, "Not available right now; the rest is.")] : body;
  return element("article", { class: `card ${name}` }, element("h2", {}, title), ...note);
}

function figure(value, words) {
  return element("p", { class: "figure" }, element("b", {}, value), ` ${words}`);
}

/** Views per day. */
function bars(series) {
  const top = Math.max(1, ...series);
  const bar = (value, day) => vector("rect", {
    x: day * 10 + 1.5, width: 7, rx: 2, height: Math.max(2, (value / top) * 100), y: 100 - Math.max(2, (value / top) * 100),
  }, vector("title", {}, `${number.format(value)} views`));
  const label = `Views per day, at most ${number.format(top)}`;
  return vector("svg", {
    class: "bars", viewBox: `0 0 ${Math.max(1, series.length) * 10} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label,
  }, ...series.map(bar));
}

/** Initials, and the picture over them where it is one that this page may load. */
function picture(name, address) {
  const letters = name.split(" ").filter(Boolean).map((word) => word[0]);
  const initials = [letters[0], letters.length > 1 ? letters.at(-1) : ""].join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
  const frame = element("span", { class: `picture hue${hue}`, "aria-hidden": "true" }, initials);
  if (address && (address.startsWith("data:image/") || new URL(address, location.href).origin === location.origin)) {
    const image = element("img", { src: address, alt: "" });
    image.addEventListener("error", () => image.remove());
    frame.append(image);
  }
  return frame;
}

function element(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function vector(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
