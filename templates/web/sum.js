// Does the sum that a form asks for, while somebody fills it in, and lets it be sent then.
(async () => {
  const field = document.querySelector("input[data-sum]");
  const button = field.form.querySelector("button");
  const { algorithm, challenge, maxnumber, salt, signature } = JSON.parse(field.dataset.sum);
  const text = new TextEncoder();
  document.querySelector("[data-no-script]").hidden = true;
  button.disabled = true;
  for (let number = 0; number <= maxnumber; number++) {
    const digest = new Uint8Array(await crypto.subtle.digest(algorithm, text.encode(salt + number)));
    const found = Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
    if (found === challenge) {
      field.value = btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
      break;
    }
  }
  button.disabled = false;
})();
