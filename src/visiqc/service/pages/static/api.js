// What the pages ask of the service. A refusal is an Error with `status` and the sentence that says why.
const token = document.querySelector("meta[name=csrf-token]")?.content;

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json", ...options.headers }, ...options.rest });
  } catch {
    throw Object.assign(new Error("The service cannot be reached; nothing was lost, try again."), { status: 0 });
  }
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || answer.statusText), { status: answer.status });
}

const post = (path, body) =>
  ask(path, {
    headers: { Accept: "application/json", ...(token && { "X-CSRF-Token": token }), ...(body && { "Content-Type": "application/json" }) },
    rest: { method: "POST", body: body && JSON.stringify(body) },
  });

const at = (id) => `/v1/scores/${encodeURIComponent(id)}`;
export const sheetOf = (id, query) => ask(`${at(id)}/sheet${query}`);
export const answer = (id, said) => post(`${at(id)}/reviews`, said);
export const look = (id) => post(`${at(id)}/viewers`);
