// Copyright 2026 the lab9 authors. MIT license.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Timeline } from "../../notebook/timeline.ts";
import { lanesOf } from "../../runner/draw/lanes.ts";
import { barList } from "../../runner/draw/parts.ts";
import { drawSvg } from "../../runner/draw/svg.ts";

/** What is drawn. */
interface TimelineProps {
  timeline: Timeline;
  /** Where the time axis ends, in milliseconds. */
  axis: number;
  /** Whether it still grows. */
  isLive: boolean;
}

const NARROWEST = 260;

/** A cell's timeline, as the report's: a lane a thread. */
export function TimelineView({ timeline, axis, isLive }: TimelineProps) {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) =>
      setWidth(Math.max(NARROWEST, Math.floor(contentRect.width)))
    );
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const picture = useMemo(
    () => width === 0 ? "" : drawSvg(timeline, { width, axis }),
    [timeline, width, axis],
  );
  return (
    <figure ref={box} class="timeline">
      <div dangerouslySetInnerHTML={{ __html: picture }} />
      {isLive ? null : <Bars timeline={timeline} />}
    </figure>
  );
}

function Bars({ timeline }: { timeline: Timeline }) {
  const html = useMemo(() => barList(lanesOf(timeline)), [timeline]);
  return <div dangerouslySetInnerHTML={{ __html: html }} />;
}
