// onnxruntime's native part makes typed arrays of Node's own realm and checks them with instanceof against the realm it runs in.
// Jest's sandbox has a realm of its own; tests that run a model borrow Node's arrays.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class NativeArrays extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { Float32Array, Float64Array, Int32Array, BigInt64Array, Uint8Array });
  }
};
