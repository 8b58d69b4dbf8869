// What can be measured of a page as it is drawn. An expression: its value is an object.
(() => {
    const root = document.documentElement;

    // "rgb(1, 2, 3)", "rgba(1, 2, 3, 0.5)"
    const parts = (color) => {
        const numbers = color.match(/[\d.]+/g).map(Number);
        return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
    };
    const over = (top, bottom) => top.rgb.map((value, i) => value * top.alpha + bottom[i] * (1 - top.alpha));

    // What is behind an element: its own background over those around it, over the browser's canvas.
    const behind = (element) => {
        const below = element.parentElement ? behind(element.parentElement) : [255, 255, 255];
        return over(parts(getComputedStyle(element).backgroundColor), below);
    };

    // WCAG 2.1: relative luminance and contrast ratio.
    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((value) => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };

    const all = [...document.body.querySelectorAll('*')];
    const drawn = all.filter((element) => element.getClientRects().length > 0);
    const hasText = (element) =>
        [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');

    let least = { contrast: 21, text: '' };
    const weigh = (color, element, text) => {
        const background = behind(element);
        const ratio = contrast(over(parts(color), background), background);
        if (ratio < least.contrast) {
            least = { contrast: ratio, text: `${text.slice(0, 60)} (${color} on ${background.map(Math.round)})` };
        }
    };
    for (const element of drawn) {
        if (hasText(element)) {
            weigh(getComputedStyle(element).color, element, element.textContent);
        }
        const before = getComputedStyle(element, '::before');
        if (before.content !== 'none' && before.content !== 'normal') {
            weigh(before.color, element, before.content);
        }
    }

    // Whose content is wider than it is and cannot be seen: cut off by itself, or beyond the page.
    const clipped = drawn.filter(
        (element) =>
            (getComputedStyle(element).overflowX !== 'visible' && element.scrollWidth > element.clientWidth) ||
            element.getBoundingClientRect().right > root.clientWidth + 0.5
    );

    // Cells that others have crushed: a few characters wide, and many lines of text high.
    const crushed = drawn.filter((element) => {
        const line = parseFloat(getComputedStyle(element).lineHeight);
        const range = document.createRange();
        range.selectNodeContents(element);
        const height = range.getBoundingClientRect().height;
        return element.tagName === 'TD' && element.clientWidth < 8 * line && height > 5 * line;
    });
    const named = (elements) =>
        elements.map((element) => `${element.tagName} ${element.textContent.slice(0, 60)}`).join('\n');

    return {
        title: document.title,
        scrollWidth: root.scrollWidth,
        clientWidth: root.clientWidth,
        background: luminance(behind(document.body)),
        leastContrast: least.contrast,
        leastContrastText: least.text,
        clipped: named(clipped),
        crushed: named(crushed),
        // None of these is on the page: who finds one has found what somebody smuggled in.
        strangers: document.querySelectorAll(
            'script, img, iframe, object, embed, link, form, input, svg, base, meta[http-equiv]'
        ).length,
        handlers: [...document.querySelectorAll('*')].filter((element) =>
            [...element.attributes].some((attribute) => /^on/i.test(attribute.name) || attribute.name === 'style')
        ).length,
        text: document.body.innerText,
    };
})()
