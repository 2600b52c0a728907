/**
 * Makes the tabs work: by pointer, and by arrow keys, Home and End as screen readers expect.
 *
 * @param onSelect Called with the id of a tab when it is chosen.
 */
export function wireTabs(list: Element, onSelect: (id: string) => void): { show(id: string): void } {
  const tabs = [...list.querySelectorAll<HTMLButtonElement>('[role=tab]')];

  const select = (chosen: HTMLButtonElement) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute('aria-selected', `${isChosen}`);
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')!)!.hidden = !isChosen;
    }
    // On a phone the list is wider than the screen.
    chosen.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    onSelect(chosen.id);
  };
  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', (event) => {
      const next = {
        ArrowRight: (place + 1) % tabs.length,
        ArrowLeft: (place + tabs.length - 1) % tabs.length,
        Home: 0,
        End: tabs.length - 1,
      }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      select(tabs[next]!);
      tabs[next]!.focus();
    });
  }
  return { show: (id) => select(tabs.find((tab) => tab.id === id)!) };
}
