// What an ERP does with the public client of the API that Nordic ERPs speak, unmodified, against a running hub. Every step is asserted;
// the test that starts this looks at the exit code.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const { MaventaApiClient } = require('@rantalainen/maventa-api-client');

const { KVITT_ADDRESS: baseURL, KVITT_CLIENT_ID: clientId, KVITT_SECRET: clientSecret, KVITT_INVOICE: file } = process.env;
const UUID = '018f0000-1111-7222-8333-444455556666';

function client(secret, scope) {
  const options = { clientId, clientSecret: secret, vendorApiKey: 'our-vendor', scope };
  return new MaventaApiClient(options, { baseURL, keepAliveAgent: false, dnsCache: false }).api;
}

async function refused(promise, status, code) {
  const error = await promise.then(() => assert.fail(`${code} was expected`), (error) => error);
  assert.ok(error.message.includes(String(status)) && error.message.includes(code), error.message);
}

async function until(ask, isSo) {
  for (let tries = 0; tries < 600; tries += 1) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail('waited for a minute');
}

// Takes every message of a webhook; answers its address and the messages.
async function receiver() {
  const messages = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => { messages.push({ headers: request.headers, body }); response.end(); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { messages, url: `http://127.0.0.1:${server.address().port}/hooks` };
}

// Standard Webhooks: what was signed, with the secret that was shown once.
function signed(secret, { headers, body }) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${crypto.createHmac('sha256', key).update(content).digest('base64')}`;
}

async function main() {
  const api = client(clientSecret);
  assert.strictEqual((await api.current.getOauth2Current()).data.company_id, clientId);
  await refused(client('kvitt_wrong').current.getOauth2Current(), 401, 'access.credentials');

  // Activate the main agreement: nobody has it yet, so that it is active at once.
  assert.strictEqual((await api.services.getV1ServicesB2Cno()).data.status, 'FREE');
  const network_settings = { name: 'Kari Nordmann', email: 'kari@nordlys.example' };
  await refused(api.company.postV1CompanyProfiles({ network: 'BANK', network_settings: { ...network_settings, agreement_signed: 'true' } }), 422, 'agreement.voucher');
  const profile = await api.company.postV1CompanyProfiles({ profiles: ['INVOICE'], network: 'BANK', network_settings });
  assert.deepStrictEqual([profile.status, profile.data.network], [201, 'BANK']);
  await until(() => api.services.getV1ServicesB2Cno(), (answer) => answer.data.status === 'ACTIVE');
  assert.deepStrictEqual((await api.company.getV1CompanyProfiles({ network: ['BANK'], status: ['active'] })).data.map((one) => one.id), [profile.data.id]);
  assert.strictEqual((await api.companies.getV1Companies({ bid: '999001017' })).data[0].id, clientId);

  // Look consumers up: one who takes eFaktura, and one who is nowhere.
  const look = async (email) => (await api.lookup.getV1LookupConsumers({ email, first_name: 'Kari', last_name: 'Nordmann', routes: ['yes2all', 'vipps'] })).data;
  const found = await look('yestoall@kunde.example');
  assert.deepStrictEqual([found.routes.yes2all.status, found.routes.vipps.status], ['RECEIVING', 'NOT_AVAILABLE'], JSON.stringify(found));
  assert.ok(/^90/.test(found.routes.yes2all.efaktura_identifier) && found.reference_id, JSON.stringify(found));
  assert.strictEqual((await look('ingen@kunde.example')).routes.yes2all.status, 'NOT_RECEIVING');
  await refused(api.lookup.getV1LookupConsumers({ ssn: '10915596784' }), 422, 'lookup.identity_in_address');

  const heard = await receiver();
  const hook = (await api.company.postV1CompanyNotifications({ destination_type: 'WEBHOOK', destination: heard.url, events: ['invoice.accepted'] })).data;

  assert.deepStrictEqual((await api.services.getV1ServicesAtgMandates({ status: 'ACTIVE', per_page: 100 })).data, []);
  await refused(api.services.getV1ServicesB2CnoConsumers(), 410, 'service.discontinued');

  const xml = fs.readFileSync(file);
  const send = (options) => api.helpers.postInvoice(xml, { filename: 'invoice.xml', contentType: 'application/xml' }, options);
  const options = { recipient_type: 'consumer', route_order: ['netbank', 'email'], uuid: UUID, format: 'PEPPOLBIS30', lang: 'NO' };
  const sent = await send(options);
  assert.deepStrictEqual([sent.status, sent.data.id, sent.data.status], [201, UUID, 'PENDING']);
  assert.ok(sent.data.sum_tax > 0 && sent.data.currency === 'NOK' && sent.data.recipient.name);
  assert.deepStrictEqual((await send(options)).data, sent.data, 'sent again, answered the same');
  await refused(send({ ...options, route_order: ['email'] }), 409, 'key.reused');
  await refused(send({ ...options, route_order: ['netbank_cvl'] }), 410, 'service.discontinued');

  const other = Buffer.from(xml.toString().replace('<cbc:ID>500101</cbc:ID>', '<cbc:ID>500199</cbc:ID>'));
  const zipped = await api.helpers.postInvoiceZip(other, undefined, [], { recipient_type: 'consumer', route_order: ['email'] });
  assert.deepStrictEqual([zipped.status, zipped.data.number], [201, '500199']);

  const message = await until(async () => heard.messages[0], (first) => first !== undefined);
  assert.strictEqual(message.headers['webhook-signature'], signed(hook.secret, message));
  assert.strictEqual(JSON.parse(message.body).type, 'invoice.accepted');
  await api.company.deleteV1CompanyNotificationsId(hook.id);

  const shown = await until(() => api.invoices.getV1InvoicesId(UUID), (answer) => answer.data.status === 'DELIVERED');
  assert.ok(shown.data.files.some((file) => file.type === 'INVOICE_IMAGE'), 'the PDF is among the files');
  const actions = (await api.invoices.getV1InvoicesIdActions(UUID)).data;
  assert.strictEqual(actions[0].type, 'CREATED');
  assert.ok(actions.some((action) => action.type === 'SENT' || action.type === 'DELIVERED'), JSON.stringify(actions));
  const pdf = await api.invoices.getV1InvoicesId(UUID, { return_format: 'ORIGINAL_OR_GENERATED_IMAGE' }, { responseType: 'arraybuffer', format: 'arraybuffer' });
  assert.strictEqual(Buffer.from(pdf.data).subarray(0, 5).toString(), '%PDF-');

  const all = await api.invoices.getV1Invoices({ direction: 'SENT', status: ['PENDING', 'DELIVERED', 'FAILED'], ids: [UUID, zipped.data.id], per_page: 1 });
  assert.deepStrictEqual([all.data.length, all.headers['x-total'], all.headers['x-next-page']], [1, '2', '2']);
  await refused(api.invoices.getV1InvoicesId('018f0000-1111-7222-8333-000000000000'), 404, 'resource.unknown');
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
