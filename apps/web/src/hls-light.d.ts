// The light build (no subtitles, alternate audio or DRM: our proxies have none) has the same types under another name.
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
