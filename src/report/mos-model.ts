import type { DirectionSummary, MosModel, RatedEquipment } from '../metrics/media-summary.js';
import type { LowPercentiles } from '../metrics/percentiles.js';
import { count, decimal, milliseconds } from './format.js';

/** What a MOS rests on, in short lines: the model, then each codec, then the delay. */
export function mosModelNotes(model: MosModel): string[] {
  const { jitterBufferMs, delaySource, others } = model;
  const [first, ...more] = [model, ...others].map(equipmentText);
  const delay = delaySource === 'none' ? 'delay not known' : `delay by ${delaySource}`;
  return [
    `MOS by ${model.model} ${model.scale}: ${first}`,
    ...more.map((codec) => `and ${codec}`),
    `jitter buffer ${milliseconds(jitterBufferMs)}, ${delay}`,
  ];
}

function equipmentText({ codec, ie, bpl, equipmentSource }: RatedEquipment): string {
  const figures = `${codec} Ie ${ie}${bpl === null ? '' : `, Bpl ${bpl}`}`;
  return equipmentSource === 'G.113' ? figures : `${figures} (${equipmentSource})`;
}

/** What was rated on other scales than most streams, in short lines. */
export function otherScaleNotes({ otherScales }: DirectionSummary): string[] {
  return otherScales.flatMap(({ streams, mosLq, mosCq, mosModel }) => [
    `${count(streams)} on another scale: MOS-LQ p5 / p50 ${low(mosLq)}, MOS-CQ ${low(mosCq)}`,
    ...mosModelNotes(mosModel),
  ]);
}

function low(p: LowPercentiles | null): string {
  return p ? `${decimal(p.p5, 2)} / ${decimal(p.p50, 2)}` : 'not measured';
}
