// What an ERP does with the public client of the API that Nordic ERPs speak, unmodified, against a running hub. Every step is asserted;
// the test that starts this looks at the exit code.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
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

async function main() {
  const api = client(clientSecret);
  assert.strictEqual((await api.current.getOauth2Current()).data.company_id, clientId);
  await refused(client('kvitt_wrong').current.getOauth2Current(), 401, 'access.credentials');

  assert.strictEqual((await api.services.getV1ServicesB2Cno()).data.status, 'FREE');
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
