// The documentation of the API, as the engine itself describes it.

import { html, useEffect, useState } from './html.js';
import { Problem, get } from './parts.js';

const tagOrder = ['floor', 'calls'];

export function Api() {
  const [answer, setAnswer] = useState({});
  useEffect(() => {
    const asking = new AbortController();
    Promise.all([get('/openapi.json', asking.signal), get('/asyncapi.json', asking.signal)])
      .then(([description, feeds]) => setAnswer({ description, feeds }))
      .catch((error) => asking.signal.aborted || setAnswer({ error }));
    return () => asking.abort();
  }, []);
  const { description, feeds, error } = answer;
  if (error) return html`<${Problem} error=${error} />`;
  if (!description) return html`<p class="empty">Loading …</p>`;
  return html`<div class="api">
    <h1>HTTP API <small>OpenAPI ${description.openapi}, version ${description.info.version}</small></h1>
    <p class="about">${description.info.description.replaceAll('`', '').replaceAll(/([^\n])\n(?=[^\n])/g, '$1 ')}</p>
    <p><a href="/openapi.json" download="openapi.json">Download openapi.json</a> · <a href="/asyncapi.json" download="asyncapi.json">asyncapi.json</a> · <a href="/feed.js">feed.js, a client of the feeds to copy</a></p>
    ${groups(description).map(([tag, about, operations]) => html`<section key=${tag} aria-labelledby=${`tag-${tag}`}>
      <h2 id=${`tag-${tag}`}>${tag} <small>${about}</small></h2>
      ${operations.map((operation) => html`<${Operation} key=${operation.operationId} operation=${operation} schemas=${description.components.schemas} />`)}
    </section>`)}
    <section aria-labelledby="feeds">
      <h2 id="feeds">messages of the feeds <small>AsyncAPI ${feeds.asyncapi}; ${feeds.info.description}</small></h2>
      ${Object.entries(feeds.channels).map(([name, channel]) => html`<${Channel} key=${name} name=${name} channel=${channel} components=${feeds.components} />`)}
    </section>
  </div>`;
}

function Channel({ name, channel, components }) {
  const messages = Object.keys(channel.messages).map((each) => [each, components.messages[each]]);
  return html`<details class="operation" id=${`feed-${name}`}>
    <summary><b class="method" data-method="SSE">SSE</b> <code>${channel.address}</code> <span>${channel.title}</span></summary>
    ${messages.map(([each, message]) => html`<div key=${each}><h3>${message.name} <small>${message.title}</small></h3><p>${message.summary}</p>
      <${Fields} caption=${`Fields of ${message.name}: ${message.title}`} rows=${fieldsOf(message.payload, components.schemas)} /></div>`)}
  </details>`;
}

function groups({ paths, tags }) {
  const all = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, each]) => ({ ...each, path, method: method.toUpperCase() })));
  const names = [...new Set([...tagOrder, ...(tags ?? []).map((tag) => tag.name), ...all.flatMap((each) => each.tags ?? ['other'])])];
  return names
    .map((name) => [name, tags?.find((tag) => tag.name === name)?.description, all.filter((each) => (each.tags?.[0] ?? 'other') === name)])
    .filter(([, , operations]) => operations.length > 0);
}

function Operation({ operation, schemas }) {
  const { method, path, summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody && Object.values(requestBody.content)[0]?.schema;
  return html`<details class="operation" id=${operation.operationId}>
    <summary><b class="method" data-method=${method}>${method}</b> <code>${path}</code> <span>${summary}</span></summary>
    <p>${description}</p>
    ${method === 'GET' && !path.includes('{') && html`<p><a href=${path} target="_blank" rel="noreferrer">Open ${path}</a></p>`}
    ${parameters.length > 0 && html`<${Fields} caption="Parameters" rows=${parameters.map((each) => [each.name, `${each.in}${each.required ? ', required' : ''}`, each.schema, each.description])} />`}
    ${body && html`<${Fields} caption="Body" rows=${fieldsOf(body, schemas)} />`}
    ${Object.entries(responses).filter(([status]) => status !== 'default').map(([status, response]) => html`<div key=${status}>
      <h3>${status} <small>${response.description}</small></h3>
      ${Object.entries(response.content ?? {}).map(([kind, { schema }]) => html`<p key=${kind}><code>${kind}</code> ${schema && nameOf(schema)}</p>
        ${status.startsWith('2') && fieldsOf(schema, schemas).length > 0 && html`<${Fields} caption=${`Fields of ${nameOf(schema)}`} rows=${fieldsOf(schema, schemas)} />`}`)}
    </div>`)}
  </details>`;
}

function Fields({ caption, rows }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${caption}><table><caption>${caption}</caption>
    <thead><tr><th>Name</th><th>Where, type</th><th>Meaning</th></tr></thead>
    <tbody>${rows.map(([name, where, schema, about]) => html`<tr key=${name}><th scope="row"><code>${name}</code></th>
      <td>${[where, schema && nameOf(schema)].filter(Boolean).join(', ')}</td>
      <td class="meaning">${about}${schema?.enum && html` <small>${schema.enum.join(', ')}</small>`}${schema?.examples && html` <small>for example ${schema.examples.map((each) => JSON.stringify(each)).join(', ')}</small>`}</td></tr>`)}</tbody>
  </table></div>`;
}

function fieldsOf(schema, schemas) {
  const found = schema?.$ref ? schemas[schema.$ref.split('/').at(-1)] : schema;
  const required = found?.required ?? [];
  return Object.entries(found?.properties ?? {}).map(([name, each]) => [name, required.includes(name) ? '' : 'optional', each, each.description]);
}

// nameOf is a type in short: Floor, Agent[], string (date-time).
function nameOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  const type = [schema.type].flat().filter((each) => each !== 'null').join(' or ');
  if (type === 'array') return `${nameOf(schema.items ?? {})}[]`;
  return schema.format ? `${type} (${schema.format})` : type;
}
