import { expect, it } from 'vitest';
import { Attendance } from '../../src/flow/attendance.js';
import { Population } from '../../src/flow/population.js';

it('a call counts once, however often it is told to come and go', () => {
  const population = new Population();
  const [one, other] = [new Attendance(population), new Attendance(population)];
  for (const call of [one, one, other]) call.enterProgress();
  expect([population.inProgress, one.others, new Attendance(population).others]).toEqual([2, 1, 2]);
  one.enterEstablished();
  one.enterEstablished();
  expect(population.established).toBe(1);
  for (const call of [one, one, new Attendance(population)]) call.leave();
  expect([population.inProgress, population.established]).toEqual([1, 0]);
  expect([population.peakInProgress, population.peakEstablished]).toEqual([2, 1]);
});
