// The pages of the provider: where somebody types a name, and where they log out.

import { text } from 'node:stream/consumers';

const html = (content) => `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>The provider</title></head>
<body>
<h1>The provider</h1>
${content}
</body>
</html>`;

const asking = (fields) => `<form method="post">
${fields}
<button name="cancel" value="yes" formnovalidate>Cancel</button>
</form>`;

const FORMS = {
  login: `<label>User name <input name="login" required autofocus autocomplete="off"></label>
<button>Log in</button>`,
  consent: '<p>This application wants to know who you are.</p><button>Allow</button>',
};

const CANCELLED = { error: 'access_denied', error_description: 'the user has cancelled' };

export function askToLogOut(ctx, form) {
  ctx.body = html(`${form}<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
<button form="op.logoutForm">No, stay signed in</button>`);
}

export function showError(ctx, { error, error_description: description }) {
  ctx.type = 'html';
  ctx.body = html(`<p>${error}: ${String(description).replaceAll('<', '&lt;')}</p>`);
}

export default (provider) => async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = html(asking(FORMS[prompt.name]));
    return;
  }
  const form = new URLSearchParams(await text(ctx.req));
  const result = form.get('cancel') ? CANCELLED : await answered(prompt, params, session, form);
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: !form.get('cancel') });
  ctx.respond = false;

  async function answered({ name, details }, { client_id: clientId }, session, form) {
    if (name === 'login') return { login: { accountId: form.get('login') } };
    const grant = new provider.Grant({ accountId: session.accountId, clientId });
    grant.addOIDCScope((details.missingOIDCScope ?? ['openid']).join(' '));
    return { consent: { grantId: await grant.save() } };
  }
};
