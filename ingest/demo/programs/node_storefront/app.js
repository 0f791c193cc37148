// The storefront of a web shop, as a program to be profiled: renders pages, keeps sessions, under a load that comes and
// goes. Writes a wall-clock and a heap profile every six seconds into the folder in the first argument.
"use strict";

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");
const crypto = require("crypto");
const pprof = require("@datadog/pprof");

const COUNT = 8;
const PERIOD_MS = 6000;
const BATCH = 50; // requests between two pauses: a pause shorter than a millisecond becomes one
const QUIET = 0.1, BUSY = 0.8; // shares of a core in use

const sessions = new Map();
const started = Date.now();

function loadNow() {
  const turn = (2 * Math.PI * (Date.now() - started)) / (COUNT * PERIOD_MS);
  return QUIET + (BUSY - QUIET) * (0.5 - 0.5 * Math.cos(turn));
}

function handleHome(number) {
  const session = openSession(number);
  return compressHtml(renderPage("home", pickBanners(session)));
}

function handleListing(number) {
  const products = Array.from({ length: 150 }, (_, i) => ({ name: `product ${(number * 7 + i) % 997}`, price: (i * 37) % 500 }));
  return compressHtml(renderPage("listing", sortProducts(products)));
}

function handleLogin(number) {
  const session = openSession(number);
  session.key = hashPassword(`password ${number}`);
  return renderPage("login", [{ name: session.key, price: 0 }]);
}

function openSession(number) {
  const session = { id: number, history: Array.from({ length: 120 }, (_, i) => `viewed ${i} by ${number}`) };
  sessions.set(number, session);
  return session;
}

function expireSessions() {
  const keep = Math.round(loadNow() * 2500);
  for (const id of sessions.keys()) {
    if (sessions.size <= keep) return;
    sessions.delete(id);
  }
}

function pickBanners(session) {
  return session.history.slice(0, 40).map((name, i) => ({ name, price: scoreBanner(name, i) }));
}

function scoreBanner(name, salt) {
  let score = salt;
  for (let i = 0; i < name.length; i++) score = (score * 31 + name.charCodeAt(i)) % 1009;
  return score;
}

function sortProducts(products) {
  return products.sort((a, b) => a.price - b.price || a.name.localeCompare(b.name));
}

function renderPage(title, rows) {
  return `<h1>${escapeHtml(title)}</h1><ul>${rows.map(renderRow).join("")}</ul>`;
}

function renderRow(row) {
  return `<li>${escapeHtml(row.name)} <b>${row.price}</b></li>`;
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function compressHtml(html) {
  return zlib.gzipSync(html);
}

function hashPassword(password) {
  return crypto.pbkdf2Sync(password, "salt", 800, 32, "sha256").toString("hex");
}

function serve(number) {
  const began = process.hrtime.bigint();
  for (let i = 0; i < BATCH; i++) {
    [handleHome, handleListing, handleHome, handleListing, handleLogin][i % 5](number + i);
  }
  expireSessions();
  const workedMs = Number(process.hrtime.bigint() - began) / 1e6;
  setTimeout(serve, workedMs / loadNow() - workedMs, number + BATCH);
}

function record(folder, number) {
  const stamp = new Date().toISOString();
  for (const [kind, profile] of [["wall", pprof.time.stop(number < COUNT)], ["heap", pprof.heap.profile()]]) {
    fs.writeFileSync(path.join(folder, `${kind}-${number}.pb.gz`), pprof.encodeSync(profile));
  }
  console.log(stamp, number, "sessions", sessions.size);
  if (number === COUNT) process.exit(0);
}

pprof.heap.start(64 * 1024, 64);
pprof.time.start({ intervalMicros: 5000, durationMillis: PERIOD_MS });
let taken = 0;
setInterval(() => record(process.argv[2], ++taken), PERIOD_MS);
serve(1);
