// What somebody does in the browser.

// Logs in, reloads, asks for something, logs out.
export async function login({ context, origin, picture, cookies, seen }) {
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  const before = await who(page);
  await picture(page, '1-before');

  await page.getByRole('link', { name: 'Log in' }).click();
  await picture(page, '2-provider');
  await fillIn(page, 'u1');
  await page.waitForURL(`${origin}/`);
  const loggedIn = await who(page);
  await picture(page, '3-logged-in');

  const readable = await page.evaluate(() => ({
    cookie: document.cookie,
    local: JSON.stringify({ ...localStorage }),
    session: JSON.stringify({ ...sessionStorage }),
    history: JSON.stringify([location.href, document.referrer, history.state]),
  }));
  seen.push(...Object.values(readable));
  const kept = await cookies();
  const asked = await ask(page, '/me', { 'x-csrf': '1' });
  const withoutHeader = await ask(page, '/me', {});

  await page.reload();
  const reloaded = await who(page);

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Yes, sign me out' }).click();
  await page.waitForURL(`${origin}/`);
  const loggedOut = await who(page);
  await picture(page, '4-logged-out');
  const afterwards = await ask(page, '/me', { 'x-csrf': '1' });
  return { before, loggedIn, reloaded, loggedOut, readable, kept, left: await cookies(), asked, withoutHeader, afterwards };
}

// A page that needs a login, opened by its address: who logs in comes back to it, and stays there.
export async function page_that_needs_a_login({ context, origin, picture, steps }) {
  const page = await context.newPage();
  await page.goto(`${origin}/private`);
  await fillIn(page, 'u1');
  await page.waitForURL(`${origin}/private`);
  await page.waitForLoadState();
  await picture(page, 'at-the-end');
  const shown = await page.textContent('body');
  const first = steps.length;
  await page.goto(`${origin}/private`);
  return { shown, again: steps.slice(first) };
}

// Two tabs begin to log in, and end in the same order.
export const two_tabs_in_order = (user) => twoTabs(user, (tabs) => tabs);
// … and the other way round.
export const two_tabs_crosswise = (user) => twoTabs(user, (tabs) => tabs.reverse());

async function twoTabs({ context, origin, picture, cookies }, order) {
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await tab.goto(`${origin}/auth/login?return_to=/`);
  for (const tab of order([...tabs])) {
    await fillIn(tab, 'u1');
    await tab.waitForURL(`${origin}/`);
  }
  const loggedIn = [];
  for (const [at, tab] of tabs.entries()) {
    await tab.reload();
    loggedIn.push(await who(tab));
    await picture(tab, `tab-${at + 1}`);
  }
  return { loggedIn, kept: await cookies() };
}

// A link on another site leads here while somebody is logged in.
export async function link_from_elsewhere({ context, origin, steps }) {
  const page = await context.newPage();
  await page.goto(`${origin}/private`);
  await fillIn(page, 'u1');
  await page.waitForURL(`${origin}/private`);
  const first = steps.length;
  const elsewhere = await context.newPage();
  await elsewhere.goto('data:text/html,' + encodeURIComponent(`<a href="${origin}/private">There</a>`));
  await elsewhere.getByRole('link').click();
  await elsewhere.waitForURL(`${origin}/private`);
  return { shown: await elsewhere.textContent('body'), way: steps.slice(first) };
}

async function fillIn(page, name) {
  await page.getByLabel('User name').fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function who(page) {
  await page.locator('#who').getByText('logged in').waitFor();
  return page.textContent('#who');
}

const ask = (page, path, headers) =>
  page.evaluate(async ([path, headers]) => (await fetch(path, { headers })).status, [path, headers]);
