/** Of a key whose private part nobody has. */
export const PUBLIC_KEY = {
  ...{ kty: "EC", crv: "P-256" },
  x: "tli07FMGa-XcQgRrID1XysQdZAfAlPT6AqlHka1kcyg",
  y: "jqvingQPtv1WljILsseOrj4Q9TiedxOtDHWMZ67NuMs",
};
