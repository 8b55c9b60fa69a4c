// A real OpenID provider for the tests: `node provider.mjs SETTINGS`, where SETTINGS is JSON. Prints its issuer's URL
// and runs until its input is closed. README.md has the settings, and what a test may tell it meanwhile.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

import control from './control.mjs';
import { exchange, EXCHANGE } from './exchange.mjs';
import memory from './memory.mjs';
import page, { askToLogOut, showError } from './page.mjs';

const settings = {
  host: '127.0.0.1',
  port: 0,
  origins: ['https://app.test'],
  path: '/auth',
  clients: [{}],
  users: {},
  access_token_life: 300,
  refresh_token_life: 86400,
  id_token_alg: 'RS256',
  resource: 'https://api.test/',
  scopes: ['read', 'write'],
  grants: 'shared',
  ...JSON.parse(process.argv[2] ?? '{}'),
};

// What goes wrong is shown; that this is no provider for production is known.
console.info = console.warn = () => {};
process.stdin.on('end', () => process.exit()).resume();

const jwks = { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] };

const server = createServer().listen(settings.port, '127.0.0.1', () => {
  const issuer = `http://${settings.host}:${server.address().port}`;
  const provider = new Provider(issuer, configuration());
  provider.registerGrantType(EXCHANGE, exchange(settings, jwks.keys), ['subject_token', 'subject_token_type', 'audience', 'resource', 'scope']);
  provider.on('server_error', (_, error) => console.error(error));
  control(provider, settings);
  provider.use(page(provider));
  server.on('request', provider.callback());
  console.log(issuer);
});

function configuration() {
  const scope = settings.scopes.join(' ');
  const resourceServer = (audience) => ({
    scope,
    audience,
    accessTokenTTL: settings.access_token_life,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  });
  return {
    adapter: memory(),
    clients: settings.clients.map(client),
    clientDefaults: { id_token_signed_response_alg: settings.id_token_alg },
    claims: { openid: ['sub', 'roles'], profile: ['name', 'picture'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['of a test'] },
    jwks,
    pkce: { required: () => true },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    renderError: showError,
    scopes: ['openid', 'offline_access', ...settings.scopes],
    findAccount: (_, sub) => ({ accountId: sub, claims: () => claims(sub) }),
    loadExistingGrant: grant,
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // The default refuses loopback addresses, and the origins of the tests have no other.
    fetch: (url, { dispatcher, ...options }) => fetch(located(url), options),
    ttl: {
      AccessToken: settings.access_token_life,
      ClientCredentials: settings.access_token_life,
      RefreshToken: settings.refresh_token_life,
      ...{ AuthorizationCode: 60, IdToken: 3600, Interaction: 3600, Session: 86400, Grant: 86400 },
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: askToLogOut },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => settings.resource || undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, audience) => resourceServer(audience),
      },
    },
  };
}

function client(given) {
  return {
    client_id: 'dashboard',
    ...(given.token_endpoint_auth_method === 'private_key_jwt' ? {} : { client_secret: 'secret-of-the-dashboard' }),
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE],
    redirect_uris: settings.origins.map((origin) => `${origin}${settings.path}/callback`),
    post_logout_redirect_uris: settings.origins.flatMap((origin) => [`${origin}/`, origin]),
    backchannel_logout_uri: `${settings.origins[0]}${settings.path}/backchannel-logout`,
    backchannel_logout_session_required: true,
    ...given,
  };
}

function claims(sub) {
  const usual = { name: `User ${sub}`, email: `${sub}@example.com`, email_verified: true, picture: `https://pictures.test/${sub}` };
  return { sub, ...usual, roles: [], ...settings.users[sub] };
}

// Nobody is asked for consent, unless by `prompt=consent`. By `grants` a later login of the same browser goes on with
// the grant of the earlier one ("shared", as the library does it) or has one of its own ("own").
async function grant(ctx) {
  const { client, session, provider, requestParamOIDCScopes, resourceServers } = ctx.oidc;
  const known = ctx.oidc.result?.consent?.grantId || (settings.grants === 'shared' && session.grantIdFor(client.clientId));
  const found = known && (await provider.Grant.find(known));
  const grant = found || new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '));
  for (const [name, { scopes }] of Object.entries(resourceServers ?? {})) {
    grant.addResourceScope(name, [...scopes].join(' '));
  }
  await grant.save();
  return grant;
}

function key(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: alg.toLowerCase(), alg, use: 'sig' };
}

function located(url) {
  const { origin, pathname, search } = new URL(url);
  return `${settings.located?.[origin] ?? origin}${pathname}${search}`;
}
