// What a page may ask the simulator to do. It goes with the token of the address; without one a page only watches.

// The token stands behind # in the address, which no server is ever sent; it is kept for a reload of this tab.
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

// The answer, which has `error` when it was rejected.
export async function send(path, body, token) {
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json", "x-console-token": token || "" }, body: JSON.stringify(body) });
    return await answer.json();
  } catch { return { error: "the simulator does not answer" }; }
}
