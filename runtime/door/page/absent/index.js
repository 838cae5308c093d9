/** Nothing: any use of it fails at once. */
export default {};
