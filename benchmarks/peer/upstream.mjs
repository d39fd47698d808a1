// npm oidc-provider as an identity provider in front of the gateway, for tests of kind `openid_connect`.
// node upstream.mjs, one JSON object on stdin: {port, clients: [RFC 7591 metadata], people: {sub: claims}}
// A person is picked by `login_hint`, which is the subject. GET /_calls counts requests by method and path.
// Prints `ready` when it listens.
import { generateKeyPairSync } from 'node:crypto';
import { text } from 'node:stream/consumers';
import Provider from 'oidc-provider';

const { port, clients, people } = JSON.parse(await text(process.stdin));
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...pair.privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'upstream' };
const names = [...new Set(Object.values(people).flatMap(Object.keys))];

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [jwk] },
  clients: clients.map((client) => ({ id_token_signed_response_alg: 'ES256', ...client })),
  scopes: ['openid', 'profile'],
  claims: { openid: ['sub'], profile: names },
  findAccount: async (ctx, sub) => people[sub] && { accountId: sub, claims: async () => ({ sub, ...people[sub] }) },
  cookies: { keys: ['for-tests-on-this-machine-only-0000000'] },
  pkce: { required: () => true },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  // its own guard reaches no address of this machine, where the gateway is
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
});

const calls = {};
provider.use(async (ctx, next) => {
  if (ctx.path === '/_calls') {
    ctx.body = calls;
    return;
  }
  const call = `${ctx.method} ${ctx.path}`;
  calls[call] = (calls[call] ?? 0) + 1;
  if (!ctx.path.startsWith('/interaction/')) {
    await next();
    return;
  }
  // no page: whoever is hinted signs in and agrees
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login') {
    const known = Object.hasOwn(people, params.login_hint ?? '');
    const result = known ? { login: { accountId: params.login_hint } } : { error: 'access_denied' };
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
  } else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope('openid profile');
    await provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } });
  }
  ctx.respond = false;
});

provider.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
