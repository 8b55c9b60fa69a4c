// Chromium as somebody uses it: `node browser.mjs SCENARIO SETTINGS`. Prints what has happened as JSON.
//
// SETTINGS: {origin, pictures}: where the application is (names that end in `.test` are this machine), and a folder
// for screenshots. The result has what the scenario gives, `steps`, the requests of all windows, `seen`, all that a
// script of the application can read, `referrers`, what all requests say of the page that they come from, and `secrets`,
// the values of all cookies that the application has set.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import * as scenarios from './scenarios.mjs';

const [scenario, settings] = [process.argv[2], JSON.parse(process.argv[3])];

const profile = mkdtempSync(join(tmpdir(), 'browser-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  ignoreHTTPSErrors: true,
  viewport: { width: 640, height: 400 },
  args: [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    // Nobody is asked for names, and nothing goes out.
    '--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  ],
});
context.setDefaultTimeout(60_000);

const seen = [];
const steps = [];
const referrers = new Set();
const secrets = new Set();
const reading = [];
context.on('response', (response) => void reading.push(read(response)));

async function read(response) {
  const { origin, pathname } = new URL(response.url());
  if (response.request().isNavigationRequest()) {
    steps.push(`${response.request().method()} ${origin === settings.origin ? '' : origin}${pathname} ${response.status()}`);
  }
  const { referer } = await response.request().allHeaders();
  if (referer) referrers.add(referer);
  if (origin !== settings.origin) return;
  for (const cookie of await response.headerValues('set-cookie')) {
    const [, value] = /^[^=]*=([^;]*)/.exec(cookie);
    if (value) secrets.add(value);
  }
  const { 'set-cookie': _, ...headers } = await response.allHeaders();
  const redirect = response.status() >= 300 && response.status() < 400;
  // A script that follows a redirect sees where it ends, never where it led.
  if (!redirect) seen.push(response.url(), JSON.stringify(headers), await response.text().catch(() => ''));
}

try {
  const user = {
    context,
    origin: settings.origin,
    picture: (page, name) => page.screenshot({ path: join(settings.pictures, `${scenario}-${name}.png`), fullPage: true }),
    cookies: async () => (await context.cookies()).filter(ours).map(({ value, ...cookie }) => cookie),
    steps,
    seen,
  };
  const result = await scenarios[scenario](user);
  await Promise.all(reading);
  console.log(JSON.stringify({ ...result, steps, seen, referrers: [...referrers], secrets: [...secrets] }));
} catch (error) {
  console.error(steps.join('\n'));
  throw error;
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}

function ours({ domain }) {
  return domain === new URL(settings.origin).hostname;
}
