// Decide on requests under IAM policies: a request in JSON on each line of the input, the answer on the same line of the output.
//
// {"policy": …, "action": …, "resource": …, "context": {…}} → {"decision": "Allowed"}, "ImplicitlyDenied" or
// "ExplicitlyDenied"; or {"error": …} when AWS has no such request: an action on a resource, or with a condition key, that
// it does not have. https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const ACCOUNT = '123456789012'
const USER = 'user/policy-simulator'

async function decide({ policy, action, resource, context }) {
  const partition = resource.startsWith('arn:') ? resource.split(':')[1] : 'aws'
  const found = await runSimulation(
    {
      request: {
        principal: `arn:${partition}:iam::${ACCOUNT}:${USER}`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: context
      },
      identityPolicies: [{ name: 'policy', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  if (found.resultType === 'error') return { error: JSON.stringify(found.errors) }
  // What is not a condition key of the request is left out by the simulator, as if the policy's condition did not hold.
  const unknown = (found.results ?? [found.result]).flatMap((result) => result.ignoredContextKeys ?? [])
  return unknown.length ? { error: `not condition keys of ${action}: ${unknown}` } : { decision: found.overallResult }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await decide(JSON.parse(line)))}\n`)
}
