// What somebody does in the browser.

// Begins to log in and cancels, logs in, reloads, asks for something, logs out.
export async function login({ context, origin, picture, cookies, seen }) {
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  const before = await who(page);
  await picture(page, '1-before');

  await page.getByRole('link', { name: 'Log in' }).click();
  await picture(page, '2-provider');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${origin}/auth/callback**`);
  const cancelled = await page.textContent('main');
  await picture(page, '3-cancelled');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await fillIn(page, 'u1');
  await page.waitForURL(`${origin}/`);
  const loggedIn = await who(page);
  await picture(page, '4-logged-in');

  const readable = await look(page);
  seen.push(...Object.values(readable));
  const kept = await cookies();
  const asked = await ask(page, '/me', { 'x-csrf': '1' });
  const withoutHeader = await ask(page, '/me', {});

  await page.reload();
  const reloaded = await who(page);

  await page.getByRole('button', { name: 'Log out' }).click();
  await picture(page, '5-logout');
  await page.getByRole('button', { name: 'Yes, sign me out' }).click();
  await page.waitForURL(`${origin}/`);
  const loggedOut = await who(page);
  const left = await cookies();
  const afterwards = await ask(page, '/me', { 'x-csrf': '1' });
  return { before, cancelled, loggedIn, reloaded, loggedOut, readable, kept, left, asked, withoutHeader, afterwards };
}

// A script of the page fetches each path twice: what it got, and how many bytes of it came over the wire.
export async function fetch_twice({ context, origin }) {
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  return page.evaluate(async (paths) => {
    const fetched = {};
    for (const path of paths) {
      const bodies = [];
      for (let n = 0; n < 2; n++) bodies.push(await (await fetch(path)).text());
      const of = () => performance.getEntriesByType('resource').filter((entry) => new URL(entry.name).pathname === path);
      while (of().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      const sizes = of().map((entry) => [entry.transferSize, entry.encodedBodySize, entry.decodedBodySize]);
      fetched[path] = { bodies, sizes };
    }
    return fetched;
  }, ['/kept', '/checked']);
}

// The page of the demo: signs in as one of its users, looks at the dashboard, signs out.
export async function demo({ context, origin, picture, cookies, seen }) {
  const page = await context.newPage();
  await page.setViewportSize({ width: 1100, height: 720 });
  await page.goto(`${origin}/`);
  const signIn = page.getByRole('link', { name: 'Sign in as a demo user' });
  await signIn.waitFor();
  await picture(page, '1-welcome');
  await signIn.click();
  await page.getByRole('button', { name: 'Ada Lovelace' }).waitFor();
  await picture(page, '2-picker');
  await page.getByRole('button', { name: 'Ada Lovelace' }).click();

  await page.waitForURL(`${origin}/`);
  await page.getByRole('article').nth(3).waitFor();
  const greeting = await page.getByRole('heading', { level: 1, name: 'Hello' }).textContent();
  const cards = await page.getByRole('article').getByRole('heading').allTextContents();
  const account = await page.locator('#account').innerText();
  const session = await page.locator('#session').textContent();
  await picture(page, '3-dashboard');
  await page.setViewportSize({ width: 390, height: 800 });
  await picture(page, '4-narrow');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, '5-dark');
  const readable = await look(page);
  seen.push(...Object.values(readable));
  const kept = await cookies();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
  await picture(page, '6-sign-out');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${origin}/`);
  await signIn.waitFor();
  await picture(page, '7-signed-out');
  const afterwards = await ask(page, '/api/v1/dashboard', { 'x-csrf': '1' });
  return { greeting, cards, account, session, readable, kept, left: await cookies(), afterwards };
}

// A page that needs a login, opened by its address: who logs in comes back to it, and stays there. Then a link on
// another site leads to it.
export async function page_that_needs_a_login({ context, origin, picture, steps }) {
  const page = await context.newPage();
  await page.goto(`${origin}/private`);
  await fillIn(page, 'u1');
  await page.waitForURL(`${origin}/private`);
  await page.waitForLoadState();
  await picture(page, 'at-the-end');
  const shown = await page.textContent('body');
  const readable = await look(page);
  const first = steps.length;
  await page.goto(`${origin}/private`);
  const second = steps.length;
  await page.goto('data:text/html,' + encodeURIComponent(`<a href="${origin}/private">There</a>`));
  const third = steps.length;
  await page.getByRole('link').click();
  await page.waitForURL(`${origin}/private`);
  const linked = { shown: await page.textContent('body'), way: steps.slice(third) };
  return { shown, readable, way: steps.slice(0, first), again: steps.slice(first, second), linked };
}

// Two tabs begin to log in, and end in the same order; then the other way round.
export async function two_tabs({ context, origin, picture, cookies }) {
  const ends = [];
  for (const order of ['in order', 'crosswise']) {
    const tabs = [await context.newPage(), await context.newPage()];
    for (const tab of tabs) await tab.goto(`${origin}/auth/login?return_to=/`);
    const begun = await cookies();
    for (const tab of order === 'crosswise' ? tabs.toReversed() : tabs) {
      await fillIn(tab, 'u1');
      await tab.waitForURL(`${origin}/`);
    }
    const loggedIn = [];
    for (const [at, tab] of tabs.entries()) {
      await tab.reload();
      loggedIn.push(await who(tab));
      await picture(tab, `${order}-${at + 1}`);
    }
    ends.push({ begun, loggedIn, kept: await cookies() });
    for (const tab of tabs) await tab.close();
    await context.clearCookies();
  }
  return { ends };
}

// Logs in. Then a link on another site leads to a callback that was finished before.
export async function stale_callback({ context, origin, steps }) {
  const page = await context.newPage();
  await page.goto(`${origin}/auth/login`);
  await fillIn(page, 'u1');
  await page.waitForURL(`${origin}/`);
  await who(page);
  const stale = `${origin}/auth/callback?code=old&state=old`;
  await page.goto('data:text/html,' + encodeURIComponent(`<a href="${stale}">Back</a>`));
  const first = steps.length;
  await page.getByRole('link').click();
  await page.waitForURL(`${origin}/`);
  return { shown: await who(page), way: steps.slice(first) };
}

// All that a script of a page finds in the browser.
const look = (page) =>
  page.evaluate(() => ({
    cookie: document.cookie,
    local: JSON.stringify({ ...localStorage }),
    session: JSON.stringify({ ...sessionStorage }),
    history: JSON.stringify([location.href, document.referrer, history.state]),
    entries: JSON.stringify(navigation.entries().map(({ url }) => url)),
    performance: JSON.stringify(performance.getEntries().map(({ name }) => name)),
  }));

async function fillIn(page, name) {
  await page.getByLabel('User name').fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function who(page) {
  await page.locator('#who').getByText('logged in').waitFor();
  return page.textContent('#who');
}

const ask = (page, path, headers) =>
  page.evaluate(async ([path, headers]) => {
    const reply = await fetch(path, { headers });
    await reply.text();
    return reply.status;
  }, [path, headers]);
