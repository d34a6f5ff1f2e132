// Decide on requests under IAM policies: a request in JSON on each line of the input, the answer on the same line of the output.
//
// {"policy": …, "action": …, "resource": …, "context": {…}} → {"decision": "Allowed"}, "ImplicitlyDenied" or
// "ExplicitlyDenied". With "resourcePolicy" in place of "policy" it is the resource's, and "principal" says who asks: an ARN, the
// name of a service, or null for nobody who is known; whoever is of another account is allowed everything there. {"error": …} is the answer when AWS has no such request: an action on a resource, or with a condition key, that
// it does not have. https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const ACCOUNT = '123456789012'
const USER = 'user/policy-simulator'
const EVERYTHING = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }

async function decide({ policy, resourcePolicy, principal, action, resource, context }) {
  const partition = resource.startsWith('arn:') ? resource.split(':')[1] : 'aws'
  const user = `arn:${partition}:iam::${ACCOUNT}:${USER}`
  const isForeign = principal?.startsWith('arn:') && !principal.includes(`:${ACCOUNT}:`)
  const own = policy ? [policy] : isForeign ? [EVERYTHING] : []
  const found = await runSimulation(
    {
      request: {
        principal: principal === undefined ? user : (principal ?? anonymousPrincipal),
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: context
      },
      identityPolicies: own.map((document) => ({ name: 'policy', policy: document })),
      ...(resourcePolicy ? { resourcePolicy } : {}),
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
