export { storeContract, type MakeStores, type StoreCase } from './store-contract.js';
