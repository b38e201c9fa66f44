// A certified OpenID provider (npm oidc-provider) over TLS: who signs in, and how, is what the test said last.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { pathToFileURL } from 'node:url';

const told = JSON.parse(readFileSync(0, 'utf8'));
const { Provider } = await import(pathToFileURL(`${told.package}/lib/index.js`).href);

const people = new Map();
let next = { sub: 'nobody', claims: {}, login: {} };

const key = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${randomBytes(4).toString('hex')}`,
});

const provider = new Provider(told.issuer, {
  clients: [{
    client_id: told.client_id,
    client_secret: told.client_secret,
    redirect_uris: told.redirect_uris,
    id_token_signed_response_alg: told.algorithm,
    token_endpoint_auth_method: told.method,
  }],
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('rsa', { modulusLength: 2048 }, 'PS256'), key('ec', { namedCurve: 'P-256' }, 'ES256'), key('ed25519', {}, 'EdDSA')] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  claims: { openid: ['sub', 'acr', 'amr'], profile: ['preferred_username'] },
  acrValues: ['urn:mfa', 'urn:plain'],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, claimsParameter: { enabled: told.takes_claims } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile');
    grant.addOIDCClaims(['preferred_username', 'acr', 'amr']);
    await grant.save();
    return grant;
  },
});

const body = async (request) => {
  let read = '';
  for await (const block of request) read += block;
  return read;
};

const FORM = `<!doctype html><html lang="en"><title>Provider</title>
<h1>The provider</h1>
<form method="post"><button name="done" value="yes">Sign in here</button><button name="done" value="no">Cancel</button></form></html>`;

const callback = provider.callback();
createServer({ key: readFileSync(told.tls), cert: readFileSync(told.tls) }, async (request, response) => {
  if (request.url === '/control' && request.method === 'POST') {
    next = JSON.parse(await body(request));
    people.set(next.sub, next.claims);
    response.end('{}');
  } else if (request.url.startsWith('/interaction/') && request.method === 'GET') {
    response.setHeader('content-type', 'text/html');
    response.end(FORM);
  } else if (request.url.startsWith('/interaction/')) {
    const wanted = (await body(request)).includes('done=yes');
    const result = wanted
      ? { login: { accountId: next.sub, ...next.login } }
      : { error: next.error ?? 'access_denied', error_description: 'somebody changed their mind' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } else {
    await callback(request, response);
  }
}).listen(told.port, '127.0.0.1', () => console.log('ready'));
