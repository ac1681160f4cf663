// The certified OpenID provider `oidc-provider` (npm), as it comes: its own protocol, its own store in memory.
// Ours are the settings, a consent that is a plain POST, and the counting. Usage: node server.mjs PORT

import { randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const count = {};

const provider = new Provider(issuer, {
  clientDefaults: { grant_types: ['authorization_code', 'refresh_token'] },
  clientBasedCORS: () => false,
  cookies: { keys: [randomBytes(16).toString('hex')] },
  scopes: ['openid', 'read', 'write'],
  claims: { openid: ['sub', 'name'] },
  conformIdTokenClaims: false,
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: 'Robin Vale' }) }),
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  pkce: { required: () => true },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 60,
    ClientCredentials: 3600,
    DeviceCode: 600,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, form) => { ctx.body = form; },
      userCodeConfirmSource: (ctx, form) => { ctx.body = form; },
      successSource: (ctx) => { ctx.body = 'done'; },
    },
    // A client that calls itself so has to put a nonce into its proofs.
    dPoP: {
      enabled: true,
      nonceSecret: randomBytes(32),
      requireNonce: (ctx) => ctx.oidc.client?.clientName === 'nonces',
    },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => ({
        audience: resource, scope: 'read write', accessTokenFormat: 'opaque', accessTokenTTL: 3600,
      }),
    },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: true },
  },
});

/** What the person said: signed in as Robin, and everything that was asked for; or no. */
async function decide(ctx, allow) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  if (!allow) return { error: 'access_denied', error_description: 'the person said no' };
  if (prompt.name === 'login') return { login: { accountId: 'robin' } };
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return { consent: { grantId: await grant.save() } };
}

provider.use(async (ctx, next) => {
  count[ctx.path] = (count[ctx.path] ?? 0) + 1;
  if (ctx.path === '/count') {
    ctx.body = count;
  } else if (ctx.path.startsWith('/interaction/')) {
    if (ctx.method === 'POST') {
      const result = await decide(ctx, ctx.query.answer === 'allow');
      await provider.interactionFinished(ctx.req, ctx.res, result);
      ctx.respond = false;
    } else {
      ctx.body = 'Somebody asks for consent';
    }
  } else {
    await next();
  }
});

provider.listen(port, '127.0.0.1');
