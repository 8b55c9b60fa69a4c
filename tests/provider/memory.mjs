// What the provider keeps. The memory adapter that it comes with forgets the oldest of more than a thousand things.

export default function memory() {
  const kept = new Map();
  const find = (model, wanted) => kept.values().find((one) => one.model === model && wanted(one.payload))?.payload;
  return (model) => {
    const key = (id) => `${model}:${id}`;
    return {
      upsert: async (id, payload) => void kept.set(key(id), { model, payload }),
      find: async (id) => kept.get(key(id))?.payload,
      findByUid: async (uid) => find(model, (payload) => payload.uid === uid),
      findByUserCode: async (code) => find(model, (payload) => payload.userCode === code),
      consume: async (id) => void (kept.get(key(id)).payload.consumed = Math.floor(Date.now() / 1000)),
      destroy: async (id) => void kept.delete(key(id)),
      revokeByGrantId: async (grant) => {
        for (const [id, { payload }] of kept) {
          if (payload.grantId === grant) kept.delete(id);
        }
      },
    };
  };
}
