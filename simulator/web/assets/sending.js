// Sends a page's commands to the simulator. They carry the token of the address; without one a page is read-only.

// The token is in the fragment (#) of the address, which browsers never send; it is stored for a reload of this tab.
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  try {
    if (given) {
      sessionStorage.setItem("token", given);
      history.replaceState(null, "", location.pathname);
    }
    return given || sessionStorage.getItem("token");
  } catch { return given; }
}

// Returns the response, which has `error` if the command was rejected.
export async function send(path, body, token) {
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json", "x-console-token": token || "" }, body: JSON.stringify(body) });
    return await answer.json();
  } catch { return { error: "no response from the simulator" }; }
}
