import type { CallMetrics } from './call-metrics.js';
import type { Summary } from './summary.js';

/** What the records of calls alone tell, as a summary has it. A room is put together when it is read. */
export function callFigures(metrics: CallMetrics) {
  return {
    get calls() {
      return { ...metrics.counts };
    },
    get responses(): Summary['responses'] {
      return { ...metrics.responses };
    },
    get load(): Summary['load'] {
      return metrics.load.summary();
    },
    get sip() {
      return metrics.sip();
    },
    get media() {
      return metrics.media();
    },
    get dtmf(): Summary['dtmf'] {
      return { uplink: metrics.dtmfUplink.summary(), downlink: metrics.dtmfDownlink.summary() };
    },
    get voice(): Summary['voice'] {
      return metrics.turns.summary();
    },
    get flow(): Summary['flow'] {
      return { caller: metrics.flow.caller.summary(), callee: metrics.flow.callee.summary() };
    },
    get probe(): Summary['probe'] {
      return { uplink: metrics.probe.uplink.summary(), downlink: metrics.probe.downlink.summary() };
    },
    get impairment(): Summary['impairment'] {
      return { uplink: metrics.truthUplink.summary(), downlink: metrics.truthDownlink.summary() };
    },
    get trend(): Summary['trend'] {
      return metrics.trend.summary();
    },
  };
}
