// The named peer of `make bench`: npm oidc-provider with the same client, algorithms and lifetimes as our portal.
// node server.mjs PORT memory|redis://… JWK   JWK is the public key of the portal that signs its statements. Prints `ready` when it listens.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';
import { RedisAdapter, connect } from './redis_adapter.mjs';

const [port, store, boundKey] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const resource = 'https://reports.example';
const jwk = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'es' };

if (store !== 'memory') connect(store);

const claims = {
  name: 'TRẦN THỊ BƯỞI', family_name: 'TRẦN', middle_name: 'THỊ', given_name: 'BƯỞI', birthdate: '1975-05-12',
  gender: 'female', zoneinfo: 'Asia/Ho_Chi_Minh', locale: 'vi-VN', updated_at: 1,
};

const provider = new Provider(issuer, {
  ...(store === 'memory' ? {} : { adapter: RedisAdapter }),
  jwks: { keys: [jwk] },
  clients: [{
    client_id: 'bench',
    client_secret: 'bench-secret-bench-secret-bench-secret-0',
    redirect_uris: ['http://127.0.0.1:9/callback'],
    grant_types: ['authorization_code', 'client_credentials'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
    subject_type: 'pairwise',
    scope: 'openid profile report:read',
  }, {
    client_id: 'bound',
    redirect_uris: ['http://127.0.0.1:9/callback'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [JSON.parse(boundKey)] },
    id_token_signed_response_alg: 'ES256',
    subject_type: 'pairwise',
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
    scope: 'openid profile',
  }],
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: async (ctx, accountId, client) => `${accountId}-${client.clientId}`,
  scopes: ['openid', 'profile', 'offline_access', 'report:read'],
  claims: { openid: ['sub'], profile: Object.keys(claims) },
  findAccount: async (ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, ...claims }) }),
  cookies: { keys: ['bench-bench-bench-bench-bench-bench'] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true },
    fapi: { enabled: true, profile: (ctx, client) => (client?.clientId === 'bound' ? '2.0' : undefined) },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (ctx) => (ctx.oidc.params?.grant_type === 'client_credentials' ? resource : undefined),
      getResourceServerInfo: async () => ({
        scope: 'report:read', audience: resource, accessTokenTTL: 120, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Grant: 86400, Session: 86400, Interaction: 3600, ClientCredentials: 120 },
});

provider.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
