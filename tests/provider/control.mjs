// What a test sees of the provider, and how it makes it fail: the paths below `/_`.

import { parse } from 'node:querystring';
import { json, text } from 'node:stream/consumers';

export default function control(provider, settings) {
  const counts = {}; // by grant or endpoint: {ok, refused, failed}
  const requests = []; // to the token endpoint: {grant, client, auth, scope, resource, status}
  const tokens = []; // all that were issued: {kind, sub, value}
  const logins = []; // {sub, client, sid, grant}
  const faults = []; // {grant, how, times}

  const count = (name, how) => {
    counts[name] ??= { ok: 0, refused: 0, failed: 0 };
    counts[name][how] += 1;
  };

  const paths = {
    '/_counts': () => counts,
    '/_requests': () => requests,
    '/_tokens': () => tokens,
    '/_logins': () => logins,
    '/_located': (body) => void (settings.located = { ...settings.located, ...body }),
    '/_fail': (body) => void faults.push({ times: 1, how: '500', ...body }),
    '/_heal': () => void faults.splice(0),
    '/_advance': ({ seconds }) => advance(seconds),
    '/_revoke': ({ sub }) => Promise.all(logins.filter((login) => login.sub === sub).map(revoke)),
    '/_logout': ({ sub }) => Promise.all(logins.filter((login) => login.sub === sub).map(logout)),
  };

  provider.on('authorization.success', ({ oidc: { session, client } }) => {
    const [sid, grant] = [session.sidFor(client.clientId), session.grantIdFor(client.clientId)];
    logins.push({ sub: session.accountId, client: client.clientId, sid, grant });
  });
  provider.on('backchannel.success', () => count('backchannel_logout', 'ok'));
  provider.on('backchannel.error', () => count('backchannel_logout', 'failed'));

  provider.use(async (ctx, next) => {
    if (paths[ctx.path]) {
      ctx.body = (await paths[ctx.path](ctx.method === 'POST' ? await json(ctx.req) : {})) ?? {};
    } else if (ctx.path === '/token') {
      await token(ctx, next);
    } else {
      await next();
      const name = { '/token/revocation': 'revocation', '/session/end/confirm': 'end_session' }[ctx.path];
      if (name) count(name, ctx.status < 400 ? 'ok' : 'refused');
    }
  });

  async function token(ctx, next) {
    const form = (ctx.req.body = parse(await text(ctx.req)));
    const grant = form.grant_type;
    const fault = faults.find((fault) => fault.times > 0 && (!fault.grant || fault.grant === grant));
    if (fault) {
      fault.times -= 1;
      count(grant, 'failed');
      // An answer that is lost: what was asked for is done, and nobody hears of it.
      if (fault.how === 'lost') await next();
      if (fault.how === 'lost' || fault.how === 'drop') return ctx.req.socket.destroy();
      if (fault.how === 'hang') return new Promise(() => {});
      ctx.status = Number(fault.how);
      return;
    }
    await next();
    count(grant, ctx.status === 200 ? 'ok' : 'refused');
    const client = ctx.oidc?.client?.clientId;
    requests.push({ grant, client, auth: shown(ctx, form), scope: form.scope, resource: form.resource, status: ctx.status });
    for (const kind of ['access_token', 'refresh_token', 'id_token']) {
      const value = ctx.status === 200 && ctx.body[kind];
      if (value) tokens.push({ kind, sub: ctx.oidc.account?.accountId, value });
    }
  }

  async function revoke({ grant }) {
    await Promise.all([provider.AccessToken, provider.RefreshToken].map((kind) => kind.revokeByGrantId(grant)));
    await provider.Grant.adapter.destroy(grant);
  }

  // The session ends at the provider, which says so to who was logged in by it.
  async function logout({ sub, client, sid }) {
    const found = await provider.Client.find(client);
    const told = await found.backchannelLogout(sub, sid).then(() => 200, (error) => error.response?.status ?? 0);
    count('backchannel_logout', told === 200 ? 'ok' : 'failed');
    return { client, sid, told };
  }
}

// How the client has shown itself.
function shown(ctx, form) {
  if (ctx.get('authorization')) return 'client_secret_basic';
  if (form.client_assertion) return 'private_key_jwt';
  return form.client_secret ? 'client_secret_post' : 'none';
}

// The provider's clock goes ahead of the machine's.
function advance(seconds) {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
}
