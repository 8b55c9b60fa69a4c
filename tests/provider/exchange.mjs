// Token exchange (RFC 8693): a user's access token for one with another audience.

import { errors } from 'oidc-provider';
import { createLocalJWKSet, jwtVerify } from 'jose';

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

export const exchange = ({ scopes }, keys) => async (ctx) => {
  const known = createLocalJWKSet({ keys: keys.map(({ kty, kid, alg, n, e, crv, x, y }) => ({ kty, kid, alg, n, e, crv, x, y })) });
  const { client, params, provider } = ctx.oidc;
  if (params.subject_token_type !== ACCESS_TOKEN) throw new errors.InvalidRequest('subject_token_type is not known');
  const sub = await subject(params.subject_token);

  const audience = params.audience ?? params.resource;
  if (!audience) throw new errors.InvalidTarget('audience is missing');
  const token = new provider.AccessToken({ accountId: sub, client, gty: 'exchange', grantId: 'exchange', scope: params.scope });
  token.resourceServer = new provider.ResourceServer(audience, {
    scope: scopes.join(' '),
    audience,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  });
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    expires_in: token.expiration,
    token_type: 'Bearer',
  };

  async function subject(token) {
    try {
      const { payload } = await jwtVerify(token, known, { typ: 'at+jwt', currentDate: new Date(Date.now()) });
      return payload.sub;
    } catch {
      throw new errors.InvalidGrant('the subject token is not good');
    }
  }
};
