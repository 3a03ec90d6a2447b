// Okta's own SDK for Node against the sandbox.
'use strict';
const assert = require('node:assert/strict');
const { generateKeyPairSync } = require('node:crypto');
const okta = require('@okta/okta-sdk-nodejs');
const { url, set, get, rejected, main } = require('./sandbox');

process.env.OKTA_TESTING_DISABLEHTTPSCHECK = 'true';
const testing = { disableHttpsCheck: true };
const client = new okta.Client({ orgUrl: url, token: 'sandbox-token', testing });

async function all(collection) {
  const items = [];
  await (await collection).each((item) => { items.push(item); });
  return items;
}
const ana = async () => client.userApi.getUser({ userId: 'ana@example.com' });
const factors = async (id) => all(client.userFactorApi.listFactors({ userId: id }));
const resets = async (login) => (await get('/sandbox/state')).okta.users.find((u) => u.login === login).resets;

main({
  async 'listUsers pages to the end, search and filter and q'() {
    const everybody = await all(client.userApi.listUsers({ limit: 20 }));
    assert.equal(new Set(everybody.map((u) => u.id)).size, everybody.length);
    assert.ok(everybody.length > 50, `${everybody.length} users`);
    assert.ok(everybody.every((u) => u.status !== 'DEPROVISIONED'));
    const active = await all(client.userApi.listUsers({ search: 'status eq "ACTIVE"', limit: 7 }));
    assert.ok(active.length > 7 && active.every((u) => u.status === 'ACTIVE'));
    const [one, ...more] = await all(client.userApi.listUsers({ filter: 'profile.login eq "ana@example.com"' }));
    assert.equal(one.profile.firstName, 'Ana');
    assert.equal(more.length, 0);
    assert.ok((await all(client.userApi.listUsers({ q: 'Ana' }))).some((u) => u.id === one.id));
    assert.equal((await rejected(all(client.userApi.listUsers({ search: 'status eq' })))).errorCode, 'E0000031');
  },

  async 'getUser by login and id, dates are dates, groups, error bodies'() {
    const user = await ana();
    assert.equal((await client.userApi.getUser({ userId: user.id })).profile.login, 'ana@example.com');
    assert.ok(user.created instanceof Date && !Number.isNaN(user.created.getTime()));
    const groups = await all(client.userApi.listUserGroups({ userId: user.id }));
    assert.ok(groups.some((g) => g.profile.name === 'Everyone'));
    const error = await rejected(client.userApi.getUser({ userId: 'nobody@example.com' }));
    assert.deepEqual([error.status, error.errorCode], [404, 'E0000007']);
    assert.match(error.message, /Resource not found: nobody@example.com/);
    const bad = new okta.Client({ orgUrl: url, token: 'wrong', testing });
    const refused = await rejected(bad.userApi.getUser({ userId: 'me' }));
    assert.deepEqual([refused.status, refused.errorCode], [401, 'E0000011']);
  },

  async 'factors: list, get, verify, unenroll, reset all'() {
    const { id } = await ana();
    const list = await factors(id);
    assert.deepEqual(list.map((f) => f.factorType).sort(), ['push', 'sms']);
    assert.ok(list.every((f) => f.created instanceof Date));
    const sms = list.find((f) => f.factorType === 'sms');
    assert.equal((await client.userFactorApi.getFactor({ userId: id, factorId: sms.id })).id, sms.id);
    const push = list.find((f) => f.factorType === 'push');
    const waiting = await client.userFactorApi.verifyFactor({ userId: id, factorId: push.id });
    assert.equal(waiting.factorResult, 'WAITING');
    assert.equal(waiting._embedded?.challenge, undefined);
    await set({ push_answer: 'phone' });
    const asked = await client.userFactorApi.verifyFactor({ userId: id, factorId: push.id, body: { useNumberMatchingChallenge: true } });
    const answer = asked._embedded.challenge.correctAnswer;
    const transactionId = asked._links.poll.href.split('/').pop();
    const status = async () => (await client.userFactorApi.getFactorTransactionStatus({ userId: id, factorId: push.id, transactionId })).factorResult;
    assert.match(await status(), /^WAITING/);
    await set({ answer_push: { push: transactionId, number: answer } });
    assert.equal(await status(), 'SUCCESS');
    await client.userFactorApi.unenrollFactor({ userId: id, factorId: sms.id });
    assert.deepEqual((await factors(id)).map((f) => f.factorType), ['push']);
    assert.equal((await rejected(client.userFactorApi.unenrollFactor({ userId: id, factorId: sms.id }))).status, 404);
    const before = await resets('ana@example.com');
    await client.userApi.resetFactors({ userId: id });
    assert.deepEqual(await factors(id), []);
    assert.equal(await resets('ana@example.com'), before + 1);
    await client.userApi.revokeUserSessions({ userId: id });
  },

  async 'the log tells who did it, with what'() {
    const events = await all(client.systemLogApi.listLogEvents({ filter: 'eventType eq "user.mfa.factor.reset_all"', sortOrder: 'DESCENDING', limit: 5 }));
    const event = events[0];
    assert.ok(event.published instanceof Date);
    assert.ok(event.target.some((t) => t.alternateId === 'ana@example.com'));
    assert.match(event.client.userAgent.rawUserAgent, /okta-sdk-nodejs/);
    assert.ok(event.actor.id && event.transaction.id);
  },

  async 'a 429 is waited for and tried again'() {
    const { DefaultRequestExecutor } = okta;
    let retried = 0;
    const executor = new DefaultRequestExecutor({ maxRetries: 3 });
    executor.on('backoff', () => { retried++; });
    const patient = new okta.Client({ orgUrl: url, token: 'sandbox-token', requestExecutor: executor, testing });
    await set({ window: '1s', limits: { '/api/v1/users/ID': 1, '/api/v1/users/{id}': 1, '/api/v1/users': 1 } });
    try {
      for (let i = 0; i < 3; i++) await all(patient.userApi.listUsers({ search: 'profile.login eq "ana@example.com"' }));
      assert.ok(retried > 0, 'no backoff');
    } finally {
      await set({ limits: {}, window: '60s' });
    }
  },

  async 'applications, groups, schema, org'() {
    const apps = await all(client.applicationApi.listApplications({}));
    assert.ok(apps.length > 0);
    await all(client.applicationApi.listApplicationUsers({ appId: apps[0].id }));
    const groups = await all(client.groupApi.listGroups({}));
    const everyone = groups.find((g) => g.profile.name === 'Everyone');
    assert.ok((await all(client.groupApi.listGroupUsers({ groupId: everyone.id, limit: 50 }))).length > 50);
    const schema = await client.schemaApi.getUserSchema({ schemaId: 'default' });
    assert.ok(schema.definitions.base.properties.login);
    assert.ok((await client.orgSettingApi.getOrgSettings()).subdomain);
    assert.ok((await client.roleAssignmentApi.listUsersWithRoleAssignments({})).value.length > 0);
  },

  async 'private_key_jwt'() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await set({ client_id: '0oaservice0000000000', client_key: publicKey.export({ type: 'spki', format: 'pem' }) });
    const service = new okta.Client({
      orgUrl: url, authorizationMode: 'PrivateKey', clientId: '0oaservice0000000000', scopes: ['okta.users.read'],
      privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }), keyId: 'k1', testing,
    });
    assert.equal((await service.userApi.getUser({ userId: 'ana@example.com' })).profile.login, 'ana@example.com');
    const { id } = await ana();
    const refused = await rejected(service.userApi.resetFactors({ userId: id }));
    assert.equal(refused.status, 403);
  },
});
