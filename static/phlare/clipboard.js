// Copying a text. Over plain HTTP a browser has no clipboard for pages, but it copies what is selected.

/** @returns {Promise<boolean>} whether it was copied */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { return copySelected(text); }
}

function copySelected(text) {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.className = 'hidden-label';
  area.setAttribute('aria-hidden', 'true');
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  before?.focus({ preventScroll: true });
  return isCopied;
}
