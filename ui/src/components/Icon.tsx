// Owns the drawings of the page's icons, as strokes in the text's colour. Never carries meaning alone: whoever uses one
// names it.

const PATHS = {
  chevron: "M6 4l4 4-4 4",
  copy: "M6 6V3.5A1.5 1.5 0 0 1 7.5 2h5A1.5 1.5 0 0 1 14 3.500v5a1.5 1.5 0 0 1-1.5 1.500H10M3.5 6h5A1.5 1.5 0 0 1 10 7.500v5A1.5 1.5 0 0 1 8.5 14h-5A1.5 1.5 0 0 1 2 12.500v-5A1.5 1.5 0 0 1 3.5 6z",
  check: "M3 8.500l3.5 3.500L13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.500A5.8 5.8 0 0 1 6.5 2.500a5.8 5.8 0 1 0 7 7z",
  help: "M8 1.500a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM6.200 6.200c.2-1 .9-1.600 1.900-1.600 1 0 1.8.7 1.8 1.600 0 1.400-1.8 1.5-1.8 2.900M8.100 11.400v.1",
  search: "M7 2.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.500l3.5 3.5",
  reload: "M13.5 8a5.5 5.5 0 1 1-1.600-3.900M13.5 1.500v3h-3",
  error: "M8 1.800l6.5 11.700h-13zM8 6.500v3.200M8 11.600v.1",
  clock: "M8 1.500a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 4.500V8l2.5 1.500",
  more: "M3 7.400a.6.6 0 1 1 0 1.200.6.6 0 0 1 0-1.200zM8 7.400a.6.6 0 1 1 0 1.200.6.6 0 0 1 0-1.200zM13 7.400a.6.6 0 1 1 0 1.200.6.6 0 0 1 0-1.200z",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  link: "M6.5 9.500l3-3M7 4.500l1.5-1.500a3.200 3.200 0 0 1 4.5 4.500L11.5 9M9 11.500L7.5 13A3.200 3.200 0 0 1 3 8.500L4.5 7",
  zoom: "M7 2.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.500l3.5 3.500M5 7h4M7 5v4",
  find: "M2 3.500h12M4.5 8h7M7 12.500h2",
  log: "M3 2.500h10v11H3zM5.5 6h5M5.5 8.500h5M5.5 11h3",
  event: "M8 2l4.5 6L8 14 3.5 8z",
  missing: "M8 1.500a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM5 8h6",
  collapseAll: "M3 3h10M3 13h10M5.5 5.500L8 8l2.5-2.500M8 8v0M5.5 10.500L8 8l2.5 2.5",
  expandAll: "M3 8h10M5.5 5L8 2.5 10.5 5M5.5 11L8 13.500l2.5-2.5",
  levelLess: "M3 3v10M13 8H6.500M9 5.500L6.5 8 9 10.5",
  levelMore: "M3 3v10M6 8h7M10.5 5.500L13 8l-2.5 2.5",
  path: "M2 12.500h3.500l2-9h3l1.5 5H14",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.500h11",
  whole: "M2 8h12M4.5 5.500L2 8l2.5 2.500M11.5 5.500L14 8l-2.5 2.5",
  fold: "M3 3h10M3 13h10M5 8h6M5 5.500h6M5 10.500h6",
  compare: "M2 4.500h9M8 1.500l3 3-3 3M14 11.500H5M8 8.500l-3 3 3 3",
  flame: "M2 3h12v3H2zM2 6.500h8v3H2zM4 10h4v3H4z",
  command: "M3 3.500h10v9H3zM5.500 6l2 2-2 2M8.500 10.500h2.500",
  globe: "M8 1.500a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM1.500 8h13M8 1.500c2 2 2.500 4.200 2.500 6.500S10 12.500 8 14.500M8 1.500c-2 2-2.500 4.200-2.500 6.500S6 12.500 8 14.500",
  back: "M10 4L6 8l4 4",
  minus: "M4 8h8",
  plus: "M8 3v10M3 8h10",
  columns: "M2.5 3h11v10h-11zM6.200 3v10M9.800 3v10",
  star: "M8 2l1.800 3.900 4.200.5-3.100 2.900.8 4.200L8 11.400 4.300 13.500l.8-4.200L2 6.400l4.200-.5z",
  filter: "M2 3h12L9.500 8.500V13l-3-1.500v-3z",
  trash: "M3 4.500h10M6 4.500V3h4v1.500M4.500 4.500l.5 9h6l.5-9M7 7v4M9 7v4",
  map: "M2.500 3h4v3.500h-4zM9.500 9.500h4V13h-4zM9.500 3h4v3.500h-4zM6.500 4.800h3M11.500 6.500v3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
