import { expect, test } from '@jest/globals';
import { colourName } from './colour-name.js';

test.each([
  ['#000000', 'black'], ['#ffffff', 'white'], ['#808080', 'grey'], ['#303030', 'dark grey'], ['#d0d0d0', 'light grey'], ['#ff0000', 'red'], ['#8b0000', 'dark red'], ['#00ff00', 'green'], ['#0000ff', 'blue'],
  ['#1a2c55', 'dark blue'], ['#87ceeb', 'light blue'], ['#ffa500', 'orange'], ['#8b4513', 'brown'], ['#3b2414', 'dark brown'], ['#d2b48c', 'beige'], ['#ffff00', 'yellow'], ['#ff69b4', 'pink'], ['#800080', 'dark purple'], ['#40e0d0', 'turquoise'],
])('%s is %s', (hex, name) => {
  expect(colourName(hex)).toBe(name);
});
