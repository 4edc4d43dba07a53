// Runs in the folder of the JavaScript SDK: a command of it for each line.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const sdk = createRequire(process.cwd() + "/")("@aws-sdk/client-apprunner");
const clients = new Map();

function client(account) {
  if (!clients.has(account)) {
    clients.set(account, new sdk.AppRunnerClient({
      endpoint: process.env.ENDPOINT,
      region: "us-east-1",
      credentials: { accessKeyId: account, secretAccessKey: "any" },
      maxAttempts: 1,
    }));
  }
  return clients.get(account);
}

async function run(asked) {
  const command = new sdk[asked.operation + "Command"](asked.request);
  try {
    const { $metadata, ...answer } = await client(asked.account).send(command);
    if (!$metadata.requestId) return { answer, error: "no request id" };
    return { answer, error: "" };
  } catch (error) {
    const declared = sdk[error.name];
    if (declared === undefined || !(error instanceof declared)) return { answer: {}, error: "no class: " + error };
    if (error.Message === undefined && error.message === "") return { answer: {}, error: "no message: " + error };
    return { answer: {}, error: error.name };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + "\n");
}
for (const each of clients.values()) each.destroy();
